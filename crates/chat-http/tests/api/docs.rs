//! The documentation and the demo page.

use actix_web::http::Method;

use crate::support::{Mocks, request};

#[actix_web::test]
async fn the_document_is_served_in_both_forms() {
    let app = Mocks::new().start().await;
    let json = app.get("", "/api-spec/openapi.json").await;
    assert_eq!(json.ok(200)["openapi"], "3.1.0");
    let yaml = app.get("", "/api-spec/openapi.yaml").await;
    assert_eq!(
        (yaml.header("content-type"), yaml.text()),
        ("application/yaml", chat_http::openapi_yaml())
    );
}

#[actix_web::test]
async fn the_browser_and_all_its_files_come_from_here() {
    let app = Mocks::new().start().await;
    assert_eq!(app.get("", "/docs").await.header("location"), "/docs/");
    let page = app.get("", "/docs/").await;
    assert_eq!(
        (page.status.as_u16(), page.header("content-type")),
        (200, "text/html")
    );
    let policy = page.header("content-security-policy").to_owned();
    assert!(
        policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    let text = page.text();
    assert!(
        !text.contains("http://") && !text.contains("https://"),
        "something is loaded from elsewhere: {text}"
    );
    let files: Vec<_> = text
        .split(['"', '\''])
        .filter_map(|part| part.strip_prefix("./"))
        .collect();
    assert!(files.contains(&"swagger-ui-bundle.js"), "{files:?}");
    for file in files {
        assert_eq!(
            app.get("", &format!("/docs/{file}")).await.status,
            200,
            "{file}"
        );
    }
    let script = app.get("", "/docs/swagger-initializer.js").await.text();
    assert!(
        script.contains("/api-spec/openapi.json") && script.contains("\"validatorUrl\": \"none\""),
        "{script}"
    );
    app.get("", "/docs/nothing.js")
        .await
        .problem(404, "not_found");
}

#[actix_web::test]
async fn the_address_in_a_problems_type_explains_its_code() {
    let page = Mocks::new().start().await.get("", "/docs/errors").await;
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert!(page.text().contains("id=\"validation_failed\""));
}

#[actix_web::test]
async fn the_demo_page_loads_only_what_is_here() {
    let app = Mocks::new().start().await;
    let page = app.get("", "/").await;
    assert_eq!(
        (page.status.as_u16(), page.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    assert_eq!(
        page.header("content-security-policy"),
        "default-src 'self'; frame-ancestors 'none'"
    );
    let text = page.text();
    let files: Vec<_> = text
        .split('"')
        .filter(|part| part.starts_with("/demo/"))
        .collect();
    assert!(files.len() >= 2, "{files:?}");
    for file in files {
        let answer = app.get("", file).await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.header("x-content-type-options")
            ),
            (200, "nosniff"),
            "{file}"
        );
    }
    assert_eq!(app.call(request(Method::HEAD, "/", "")).await.status, 200);
}
