//! Errors that are not the API's own: of actix, and of what is mounted beside the API.

use actix_web::{
    HttpResponse,
    error::{ErrorBadRequest, ErrorInternalServerError},
    http::{Method, StatusCode},
    web::{self, ServiceConfig},
};
use chat_http::Options;

use crate::support::{Mocks, request};

fn mount(cfg: &mut ServiceConfig) {
    let broken = || async { Err::<&str, _>(ErrorInternalServerError("the password is hunter2")) };
    let bad = || async { Err::<&str, _>(ErrorBadRequest("row 17")) };
    let own = || async { HttpResponse::BadRequest().json(serde_json::json!({ "code": 1 })) };
    cfg.route("/dev/broken", web::get().to(broken))
        .route("/dev/bad", web::get().to(bad))
        .route(
            "/dev/number/{n}",
            web::get().to(async |n: web::Path<u8>| n.to_string()),
        )
        .service(web::resource("/dev/get").get(async || "got"))
        .route("/socket.io/", web::get().to(own))
        .route("/socket.io/broken", web::get().to(bad));
}

#[actix_web::test]
async fn what_went_wrong_inside_is_not_told() {
    let app = Mocks::new().mounting(Options::default(), &mount).await;
    for (path, status, code) in [
        ("/dev/broken", 500, "internal"),
        ("/dev/bad", 400, "validation_failed"),
        ("/dev/number/x", 404, "not_found"),
    ] {
        let answer = app.get("", path).await;
        answer.problem(status, code);
        assert!(!answer.text().contains("hunter2") && !answer.text().contains("row 17"));
    }
}

#[actix_web::test]
async fn a_bare_405_becomes_a_problem_and_keeps_its_list() {
    let app = Mocks::new().mounting(Options::default(), &mount).await;
    let answer = app.call(request(Method::POST, "/dev/get", "")).await;
    answer.problem(405, "not_found");
    assert_eq!(answer.header("allow"), "GET");
}

#[actix_web::test]
async fn what_is_mounted_outside_the_api_answers_for_itself() {
    let app = Mocks::new().mounting(Options::default(), &mount).await;
    let own = app.get("", "/socket.io/").await;
    assert_eq!(
        (own.status, own.text().as_str()),
        (StatusCode::BAD_REQUEST, "{\"code\":1}")
    );
    assert_eq!(
        (own.header("content-type"), own.header("vary")),
        ("application/json", "")
    );
    assert_ne!(own.header("x-request-id"), "");
    assert_eq!(app.get("", "/socket.io/broken").await.text(), "row 17");
}
