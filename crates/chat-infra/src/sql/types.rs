//! Portable column types: ids as UUIDs, user ids and times as plain text and numbers.

use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    query_builder::QueryId,
    serialize::{self, IsNull, Output, ToSql},
    sql_types::SqlType,
    sqlite::Sqlite,
};
use uuid::Uuid;

/// SQL type of an id: a BLOB of 16 bytes on SQLite.
#[derive(Debug, Clone, Copy, SqlType, QueryId)]
#[diesel(sqlite_type(name = "Binary"))]
pub struct Id;

/// An id as it travels to and from the database, whatever it identifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, AsExpression, FromSqlRow)]
#[diesel(sql_type = Id)]
pub struct DbId(pub Uuid);

impl DbId {
    /// As one of the domain's ids.
    pub fn into_id<T: From<Uuid>>(self) -> T {
        T::from(self.0)
    }
}

macro_rules! from_domain_ids {
    ($($id:ident),+) => {$(
        impl From<chat_domain::id::$id> for DbId {
            fn from(id: chat_domain::id::$id) -> Self {
                Self(id.as_uuid())
            }
        }
    )+};
}
from_domain_ids!(
    ThreadId,
    MessageId,
    ReportId,
    ModerationItemId,
    JobId,
    EventId
);

impl ToSql<Id, Sqlite> for DbId {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Sqlite>) -> serialize::Result {
        out.set_value(self.0.as_bytes().as_slice());
        Ok(IsNull::No)
    }
}

impl FromSql<Id, Sqlite> for DbId {
    fn from_sql(mut value: <Sqlite as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(Uuid::from_slice(value.read_blob())?))
    }
}
