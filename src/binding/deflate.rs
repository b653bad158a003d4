//! permessage-deflate for those who use its class without a connection.

#![allow(
    clippy::needless_pass_by_value,
    reason = "Node-API converts arguments to values"
)]

use napi::bindgen_prelude::{Buffer, BufferSlice, Either};
use napi::{Error, Result};
use napi_derive::napi;

use crate::protocol::{DeflateConfig, Deflater, Inflater};

/// Why data did not inflate: what an error event of a connection says.
#[napi(object)]
pub struct InflateFailure {
    /// The number of the protocol error.
    pub number: u32,
    /// Its parameter.
    pub parameter: u32,
}

/// Both directions of one endpoint.
#[napi]
pub struct Deflate {
    config: DeflateConfig,
    deflater: Deflater,
    inflater: Inflater,
}

#[napi]
impl Deflate {
    /// `words` are those of `DeflateConfig::from_words`.
    #[napi(constructor, catch_unwind)]
    pub fn new(words: Vec<u32>) -> Result<Self> {
        let config = DeflateConfig::from_words(&words)
            .ok_or_else(|| Error::from_reason("Not the words of a configuration"))?;
        Ok(Self {
            config,
            deflater: Deflater::new(&config),
            inflater: Inflater::new(config.inflate()),
        })
    }

    /// The compressed payload of a frame.
    #[napi(catch_unwind)]
    pub fn compress(&mut self, data: BufferSlice<'_>, fin: bool) -> Buffer {
        let mut out = Vec::new();
        self.deflater.compress(&data, fin, &mut out);
        out.into()
    }

    /// What the payload of a frame inflates to, at most `max_payload` bytes where
    /// that is not 0. After a failure a new context begins.
    #[napi(catch_unwind)]
    pub fn decompress(
        &mut self,
        data: BufferSlice<'_>,
        fin: bool,
        max_payload: u32,
    ) -> Either<Buffer, InflateFailure> {
        let mut out = Vec::new();
        match self
            .inflater
            .inflate(&data, fin, max_payload.into(), &mut out)
        {
            Ok(()) => Either::A(out.into()),
            Err(error) => {
                self.inflater = Inflater::new(self.config.inflate());
                Either::B(InflateFailure {
                    number: error.number().into(),
                    parameter: error.parameter().into(),
                })
            }
        }
    }
}
