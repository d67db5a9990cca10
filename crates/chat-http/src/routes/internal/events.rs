//! `GET /events`

use actix_web::web::{Data, Json, Query};
use chat_domain::{model::event::OutboundEvent, page::Page, service::event::EventService};

use crate::{
    dto::event::EventsQuery,
    error::ApiError,
    extract::{ServiceCaller, Valid},
    routes::responses::{Always, ForRoles},
};

/// The feed of events.
///
/// In order, kept for 7 days. `nextCursor` is set whenever the page holds something, so that a reader can wait there.
#[utoipa::path(
    get, path = "/events", operation_id = "listEvents", tag = "internal",
    params(EventsQuery),
    responses((status = 200, body = Page<OutboundEvent>), Always, ForRoles),
)]
pub(crate) async fn feed(
    _caller: ServiceCaller,
    query: Valid<Query<EventsQuery>>,
    events: Data<dyn EventService>,
) -> Result<Json<Page<OutboundEvent>>, ApiError> {
    let EventsQuery { after, limit } = query.into_inner();
    Ok(Json(events.feed(after, limit).await?))
}
