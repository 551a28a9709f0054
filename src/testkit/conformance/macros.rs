//! How the lists of facts become tests and values.

/// One `#[test]` for each fact of a suite.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_tests {
    ([$attributes:tt $fixture:expr] $suite:ident::$facts:ident: $($fact:ident)+) => {
        $($crate::__conformance_test!($attributes $fixture; $suite $facts $fact);)+
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_test {
    ([$(#[$meta:meta])*] $fixture:expr; $suite:ident $facts:ident $fact:ident) => {
        $(#[$meta])*
        #[test]
        fn $fact() {
            $crate::testkit::conformance::__prove_one_of(
                async { $fixture.await },
                $crate::testkit::conformance::$suite::$facts(),
                ::core::stringify!($fact),
            );
        }
    };
}

/// The facts of a suite in a `Vec`.
#[doc(hidden)]
#[macro_export]
macro_rules! __conformance_list {
    ([] $suite:ident::$facts:ident: $($fact:ident)+) => {
        ::std::vec![$($crate::testkit::conformance::Fact::new(
            ::core::stringify!($fact),
            |fixture| ::std::boxed::Box::pin($fact(fixture)),
        )),+]
    };
}
