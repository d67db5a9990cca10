//! The application that the server, the tests and the OpenAPI file share.

use actix_web::{
    App, Error,
    body::BoxBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::from_fn,
    web::{self, ServiceConfig},
};

use crate::{
    docs,
    error::ApiError,
    middleware::{cors, problem, request_id, security_headers},
    routes,
    state::{Options, Services},
};

/// Builds the application: the middleware around everything, the API with its documentation, and what `mount` adds
/// (health, metrics, Socket.IO, the demo page). To be called once per worker:
///
/// ```no_run
/// use actix_web::HttpServer;
///
/// async fn serve(services: chat_http::Services, options: chat_http::Options) -> std::io::Result<()> {
///     HttpServer::new(move || {
///         chat_http::create_app(&services, &options, &|cfg| chat_http::demo::configure(cfg))
///     })
///     .bind("127.0.0.1:5001")?
///     .run()
///     .await
/// }
/// ```
///
/// The middleware gives every response a request id, security headers and `Cache-Control: no-store` where it has none
/// of its own, writes one access line per request, and turns errors of the API into problem documents. CORS concerns
/// `/api/` and `/dev/` only: a Socket.IO server that is mounted answers for itself.
pub fn create_app(
    services: &Services,
    options: &Options,
    mount: &dyn Fn(&mut ServiceConfig),
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    App::new()
        .app_data(web::Data::new(cors::Policy::new(options)))
        .app_data(web::Data::from(services.ids.clone()))
        .configure(mount)
        .configure(|cfg| configure(cfg, services, options))
        .default_service(web::to(|| async { Err::<&str, _>(ApiError::not_found()) }))
        .wrap(from_fn(cors::cors))
        .wrap(from_fn(security_headers::security_headers))
        .wrap(from_fn(problem::problem))
        .wrap(from_fn(request_id::request_id))
}

/// Registers the API's routes, `/docs` and `/api-spec`, without the middleware of [`create_app`].
pub fn configure(cfg: &mut ServiceConfig, services: &Services, options: &Options) {
    docs::configure(cfg);
    routes::configure(cfg, services, options);
}
