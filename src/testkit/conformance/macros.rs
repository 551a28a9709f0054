//! How the lists of facts become tests and values.

/// One `#[test]` for each fact of a suite.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests {
    ([$attributes:tt $fixture:expr] $suite:ident: $($fact:ident)+) => {
        $($crate::__conformance_test!($attributes $fixture; $suite $fact);)+
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_test {
    ([$(#[$meta:meta])*] $fixture:expr; $suite:ident $fact:ident) => {
        $(#[$meta])*
        #[test]
        fn $fact() {
            $crate::testkit::conformance::prove(
                async { $fixture.await },
                &$crate::__conformance_fact!($suite $fact),
            );
        }
    };
}

/// The facts of a suite in a `Vec`.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_list {
    ([] $suite:ident: $($fact:ident)+) => {
        ::std::vec![$($crate::__conformance_fact!($suite $fact)),+]
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_fact {
    ($suite:ident $fact:ident) => {
        $crate::testkit::conformance::Fact::new(::core::stringify!($fact), |fixture| {
            ::std::boxed::Box::pin($crate::testkit::conformance::$suite::$fact(fixture))
        })
    };
}
