//! The tables of `docs/OBSERVABILITY.md` say what the code says.
