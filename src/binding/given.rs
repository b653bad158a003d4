//! Memory of the core's that JavaScript is given, and has until its views of it are
//! garbage.

#![allow(unsafe_code, reason = "JavaScript sees memory that is the core's")]

use std::sync::Arc;

use napi::bindgen_prelude::{BufferSlice, JsValue, ToNapiValue};
use napi::{Env, Result, sys};

use crate::bridge::{BLOCK_SIZE, BlockMemory, SLAB_SIZE, Slab};
use crate::protocol::give_memory;

/// What a call returns as a buffer whose bytes are not copied.
pub enum Given {
    /// JavaScript may look only at what it was told of: the rest is still written.
    Slab(Arc<Slab>),
    Block(Arc<BlockMemory>),
    /// The core has the memory back when it is garbage.
    Payload(Vec<u8>),
}

impl Given {
    fn into_buffer(self, env: &Env) -> Result<BufferSlice<'_>> {
        match self {
            // SAFETY: the memory has this length and lives until the last owner of the
            // slab, of whom JavaScript is one until the finalizer is called, is gone.
            Self::Slab(slab) => unsafe {
                BufferSlice::from_external(env, slab.as_ptr(), SLAB_SIZE, slab, |_, slab| {
                    drop(slab);
                })
            },
            // SAFETY: as above.
            Self::Block(memory) => unsafe {
                BufferSlice::from_external(env, memory.as_ptr(), BLOCK_SIZE, memory, |_, memory| {
                    drop(memory);
                })
            },
            Self::Payload(payload) if payload.is_empty() => BufferSlice::from_data(env, payload),
            Self::Payload(mut payload) => {
                let (start, length) = (payload.as_mut_ptr(), payload.len());
                // SAFETY: the memory is of this length and lives until the finalizer is
                // called; nobody but JavaScript touches it before.
                unsafe {
                    BufferSlice::from_external(env, start, length, payload, |_, payload| {
                        give_memory(payload);
                    })
                }
            }
        }
    }
}

impl ToNapiValue for Given {
    unsafe fn to_napi_value(env: sys::napi_env, given: Self) -> Result<sys::napi_value> {
        let env = Env::from_raw(env);
        given.into_buffer(&env).map(|buffer| buffer.raw())
    }
}
