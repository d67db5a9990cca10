//! One address with its methods. `HEAD` is answered where `GET` is, `OPTIONS` everywhere, and any other method with 405
//! and the list of those that are there.

use actix_web::{
    FromRequest, Handler, HttpRequest, HttpResponse, Resource, Responder,
    dev::{AppService, HttpServiceFactory},
    guard,
    http::{Method, header::ALLOW},
    web,
};

use crate::error::{ApiError, allow_header};

/// An address under construction.
pub(super) struct Endpoint {
    resource: Resource,
    methods: Vec<Method>,
}

/// The address of that pattern.
pub(super) fn at(pattern: &str) -> Endpoint {
    Endpoint {
        resource: web::resource(pattern),
        methods: vec![Method::OPTIONS],
    }
}

impl Endpoint {
    /// `GET`, and `HEAD` alike.
    pub(super) fn get<F, Args>(mut self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let read = web::route().guard(guard::Any(guard::Get()).or(guard::Head()));
        self.methods.extend([Method::GET, Method::HEAD]);
        self.resource = self.resource.route(read.to(handler));
        self
    }

    /// One method alone: also `GET` where reading has an effect, so that a `HEAD` has none.
    pub(super) fn on<F, Args>(mut self, method: Method, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.resource = self.resource.route(web::method(method.clone()).to(handler));
        self.methods.push(method);
        self
    }
}

impl HttpServiceFactory for Endpoint {
    fn register(self, config: &mut AppService) {
        let methods = self.methods;
        let otherwise = move |request: HttpRequest| {
            let answer = if request.method() == Method::OPTIONS {
                Ok(options(&methods))
            } else {
                Err(ApiError::method_not_allowed(&methods))
            };
            std::future::ready(answer)
        };
        self.resource
            .default_service(web::to(otherwise))
            .register(config);
    }
}

fn options(methods: &[Method]) -> HttpResponse {
    let mut answer = HttpResponse::NoContent();
    if let Some(allow) = allow_header(methods) {
        answer.insert_header((ALLOW, allow));
    }
    answer.finish()
}
