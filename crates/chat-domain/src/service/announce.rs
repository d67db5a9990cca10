//! Telling clients what has been committed.
