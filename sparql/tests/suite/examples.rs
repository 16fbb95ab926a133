//! The queries of the documentation run, and find something.
