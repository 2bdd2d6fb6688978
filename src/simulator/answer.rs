//! An answer before it goes on the wire.

use std::fmt::Display;

use bytes::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::http::StatusCode;
use serde::Serialize;

/// Status, headers and the whole body.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    /// An answer with neither headers nor body.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// An answer that says `body`.
    pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Self {
        let text = serde_json::to_vec(body).expect("bodies have string keys and no failing serialiser");
        Self::text(status, "application/json; charset=utf-8", text)
    }

    /// An answer of the given media type.
    pub(super) fn text(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(media_type))]);
        Self { status, headers, body: body.into() }
    }

    /// Sets a header, unless `value` has characters no header may have.
    pub(super) fn set(&mut self, name: HeaderName, value: &(impl Display + ?Sized)) {
        if let Ok(value) = HeaderValue::try_from(value.to_string()) {
            self.headers.insert(name, value);
        }
    }
}
