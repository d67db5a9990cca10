//! The demo page of development mode: two people side by side who chat.
//!
//! Its files are part of the binary. They load nothing from elsewhere, and the content security policy holds them to it.

use actix_web::{
    HttpResponse,
    http::header::CONTENT_SECURITY_POLICY,
    web::{self, ServiceConfig},
};

/// Scripts, styles and connections to this server only; nobody may put the page into a frame.
const POLICY: &str = "default-src 'self'; frame-ancestors 'none'";

const FILES: [(&str, &str, &str); 5] = [
    (
        "/",
        "text/html; charset=utf-8",
        include_str!("../assets/demo/index.html"),
    ),
    (
        "/demo/index.html",
        "text/html; charset=utf-8",
        include_str!("../assets/demo/index.html"),
    ),
    (
        "/demo/demo.css",
        "text/css; charset=utf-8",
        include_str!("../assets/demo/demo.css"),
    ),
    (
        "/demo/demo.js",
        "text/javascript; charset=utf-8",
        include_str!("../assets/demo/demo.js"),
    ),
    (
        "/demo/socket.js",
        "text/javascript; charset=utf-8",
        include_str!("../assets/demo/socket.js"),
    ),
];

/// Serves the page at `/` and its files under `/demo/`. For development mode only: the page signs in anyone.
pub fn configure(cfg: &mut ServiceConfig) {
    for (path, content_type, text) in FILES {
        let file = move || async move {
            HttpResponse::Ok()
                .content_type(content_type)
                .insert_header((CONTENT_SECURITY_POLICY, POLICY))
                .body(text)
        };
        cfg.service(web::resource(path).get(file).head(file));
    }
    // Browsers ask for it unbidden, and a 404 would stand in the console as an error.
    cfg.route("/favicon.ico", web::get().to(HttpResponse::NoContent));
}
