//! The rules of the opening handshake, for requests and responses that Node has
//! read: its HTTP server's, and those of the client.

#![allow(
    clippy::needless_pass_by_value,
    reason = "Node-API converts arguments to values"
)]

use napi::bindgen_prelude::Either;
use napi_derive::napi;

use crate::protocol::handshake::{self, InvalidSubprotocols};
use crate::protocol::{InvalidHeader, extension};

/// What [`judge_handshake`] found.
#[napi(object)]
pub struct Verdict {
    /// The number of the rejection, see `protocol::handshake::Rejection`; 0 for
    /// none.
    pub rejection: u32,
    /// The value of Sec-WebSocket-Accept, unless there is a rejection.
    pub accept_key: Option<String>,
}

/// Judges a request by its method and the headers Upgrade, Sec-WebSocket-Key and
/// Sec-WebSocket-Version.
#[napi(catch_unwind)]
#[must_use]
pub fn judge_handshake(
    method: Option<String>,
    upgrade: Option<String>,
    key: Option<String>,
    version: Option<String>,
) -> Verdict {
    let judged = handshake::judge(
        method.as_deref().unwrap_or_default(),
        upgrade.as_deref().map(str::as_bytes),
        key.as_deref().map(str::as_bytes),
        version.as_deref().map(str::as_bytes),
    );
    Verdict {
        rejection: judged
            .as_ref()
            .map_or_else(|rejection| rejection.number().into(), |_| 0),
        accept_key: judged.ok(),
    }
}

/// The Sec-WebSocket-Accept value for a Sec-WebSocket-Key.
#[napi(catch_unwind)]
#[must_use]
pub fn accept_key(key: String) -> String {
    handshake::accept_key(key.as_bytes())
}

/// What is wrong with a header's value. Without an index and a duplicate it ends
/// where something had to follow.
#[napi(object)]
pub struct HeaderFault {
    /// The index of the first character that can't stand where it does.
    pub index: Option<u32>,
    /// The subprotocol that is named twice.
    pub duplicate: Option<String>,
}

impl From<InvalidHeader> for HeaderFault {
    fn from(error: InvalidHeader) -> Self {
        let index = match error {
            InvalidHeader::UnexpectedCharacter(index) => u32::try_from(index).ok(),
            InvalidHeader::UnexpectedEnd => None,
        };
        Self {
            index,
            duplicate: None,
        }
    }
}

impl From<InvalidSubprotocols<'_>> for HeaderFault {
    fn from(error: InvalidSubprotocols<'_>) -> Self {
        match error {
            InvalidSubprotocols::Syntax(error) => error.into(),
            InvalidSubprotocols::Duplicate(name) => Self {
                index: None,
                duplicate: Some(name.to_owned()),
            },
        }
    }
}

/// Parses a Sec-WebSocket-Extensions value. An offer is its name, then name and
/// value of each parameter in turn; a parameter without a value has true.
#[napi(catch_unwind)]
#[must_use]
pub fn parse_extensions(header: String) -> Either<Vec<Vec<Either<String, bool>>>, HeaderFault> {
    match extension::parse(header.as_bytes()) {
        Ok(offers) => Either::A(offers.iter().map(flatten).collect()),
        Err(error) => Either::B(error.into()),
    }
}

fn flatten(offer: &extension::Offer<'_>) -> Vec<Either<String, bool>> {
    let mut fields = vec![Either::A(offer.name.to_owned())];
    for param in &offer.params {
        fields.push(Either::A(param.name.to_owned()));
        fields.push(match &param.value {
            Some(value) => Either::A(value.clone().into_owned()),
            None => Either::B(true),
        });
    }
    fields
}

/// Parses a Sec-WebSocket-Protocol value.
#[napi(catch_unwind)]
#[must_use]
pub fn parse_subprotocols(header: String) -> Either<Vec<String>, HeaderFault> {
    match handshake::parse_subprotocols([header.as_bytes()]) {
        Ok(names) => Either::A(names.into_iter().map(str::to_owned).collect()),
        Err(error) => Either::B(error.into()),
    }
}
