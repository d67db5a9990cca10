//! What handlers take: the caller and the roles, checked bodies and query strings, path parameters.

mod body;
mod caller;
mod field;
mod path;
mod strict_json;
mod valid;

pub(crate) use caller::{Authenticated, Caller, ModeratorCaller, ServiceCaller};
pub(crate) use path::{ItemParam, JobParam, MatchParams, ThreadParam, UserParam};
pub(crate) use valid::{NoQuery, Valid};
