//! Which path answers what.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use braid_core::api::{Request as Question, Response as Answer};
use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW,
    CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::{Body, Frame, SizeHint};

use crate::front::FrontEnd;
use crate::http::health;
use crate::identity::{CLUSTER_VERSION, ETCD_VERSION};
use crate::metrics::scrape::scrape;

/// Which listener a request came by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Site {
    /// The clients': everything.
    Client,
    /// That of `--listen-metrics-urls`: as in etcd only metrics and health checks.
    Metrics,
}

/// A body in one piece.
#[derive(Debug)]
pub struct Whole(Option<Bytes>);

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

/// What a path answers, before headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub status: StatusCode,
    pub content_type: &'static str,
    pub body: String,
    /// etcd forbids browsers to guess the type of what its error and probe helpers send.
    pub nosniff: bool,
}

const TEXT: &str = "text/plain; charset=utf-8";

impl Reply {
    /// As Go's `http.Error` sends it: with a line end.
    pub fn error(status: StatusCode, text: &str) -> Self {
        Self { status, content_type: TEXT, body: format!("{text}\n"), nosniff: true }
    }

    /// Text of a probe.
    pub fn probe(body: String) -> Self {
        Self { status: StatusCode::OK, content_type: TEXT, body, nosniff: true }
    }

    /// Anything else that went well.
    pub fn ok(content_type: &'static str, body: String) -> Self {
        Self { status: StatusCode::OK, content_type, body, nosniff: false }
    }
}

/// Answers a request. Its body, if any, is not looked at.
pub async fn respond<B>(request: &Request<B>, front: &FrontEnd, site: Site) -> Response<Whole> {
    if request.method() == Method::OPTIONS {
        return with_headers(Reply::ok(TEXT, String::new()));
    }
    with_headers(reply(request.method(), request.uri(), front, site).await)
}

async fn reply(method: &Method, uri: &http::Uri, front: &FrontEnd, site: Site) -> Reply {
    let query = uri.query().unwrap_or("");
    let path = uri.path();
    if path == "/metrics" {
        return metrics(front).await;
    }
    let known = match path {
        "/health" => true,
        "/version" => site == Site::Client,
        _ => health::is_probe(path),
    };
    match path {
        _ if !known => Reply::error(StatusCode::NOT_FOUND, "404 page not found"),
        _ if method != Method::GET => {
            Reply::error(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed")
        }
        "/version" => Reply::ok("application/json", version()),
        "/health" => health::health(query, front).await,
        _ => health::probe(path, query, front).await,
    }
}

fn version() -> String {
    format!(
        r#"{{"etcdserver":"{ETCD_VERSION}","etcdcluster":"{CLUSTER_VERSION}","storage":"{CLUSTER_VERSION}"}}"#
    )
}

async fn metrics(front: &FrontEnd) -> Reply {
    match front.port.call(Question::Status).await {
        Ok(Answer::Status(status)) => {
            Reply::ok("text/plain; version=0.0.4; charset=utf-8", scrape(front, &status))
        }
        Ok(_) => Reply::error(StatusCode::INTERNAL_SERVER_ERROR, "no status"),
        Err(error) => Reply::error(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

fn with_headers(reply: Reply) -> Response<Whole> {
    let mut response = Response::new(Whole(Some(Bytes::from(reply.body))));
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    let mut set = |name, value| drop(headers.insert(name, HeaderValue::from_static(value)));
    set(ACCESS_CONTROL_ALLOW_HEADERS, "accept, content-type, authorization");
    set(ACCESS_CONTROL_ALLOW_METHODS, "POST, GET, OPTIONS, PUT, DELETE");
    set(ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(CONTENT_TYPE, reply.content_type);
    if reply.nosniff {
        set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    }
    if reply.status == StatusCode::METHOD_NOT_ALLOWED {
        set(ALLOW, "GET");
    }
    response
}
