//! The caller, bodies, path and query parameters.
