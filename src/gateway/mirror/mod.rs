//! Requests that the other side is sent, too, beside the caller, and how its answers compare.

mod comparator;
mod drawn;
mod fields;
mod json;
#[expect(clippy::module_inception, reason = "a file is named for its main type")]
mod mirror;
mod noise;
mod report;
mod request;
mod round;
mod snapshot;
mod tee;
mod verdict;

pub use comparator::{ResponseComparator, ResponseDifference};
pub use drawn::DrawnMirror;
pub use fields::ResponseFields;
pub use mirror::Mirror;
pub use noise::NoiseBaseline;
pub use report::{MirrorReport, PlaceReport};
pub use snapshot::Snapshot;
