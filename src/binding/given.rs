//! Memory of the core's that JavaScript is given, and has until its views of it are
//! garbage.

#![allow(unsafe_code, reason = "JavaScript sees memory that is the core's")]

use std::ffi::c_void;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use napi::bindgen_prelude::{BufferSlice, JsValue, ToNapiValue};
use napi::{Env, Result, check_status, sys};

use crate::bridge::{BLOCK_SIZE, BlockMemory, Head, SLAB_SIZE, Slab};
use crate::protocol::give_memory;

/// What a call returns as a buffer whose bytes are not copied.
pub enum Given {
    /// JavaScript may look only at what it was told of: the rest is still written.
    Slab(Slab),
    Block(Arc<BlockMemory>),
    /// The core has the memory back when it is garbage.
    Payload(Vec<u8>),
}

impl ToNapiValue for Given {
    unsafe fn to_napi_value(env: sys::napi_env, given: Self) -> Result<sys::napi_value> {
        let env = Env::from_raw(env);
        match given {
            Self::Slab(slab) => slab_buffer(&env, slab),
            Self::Block(memory) => block_buffer(&env, memory),
            Self::Payload(payload) => payload_buffer(&env, payload),
        }
    }
}

/// Without a box for what the finalizer needs, as napi makes one: of what is allocated
/// for each slab here, and freed tens of MiB later, nothing is in the processor's cache.
fn slab_buffer(env: &Env, slab: Slab) -> Result<sys::napi_value> {
    let start = slab.as_ptr().cast();
    let head = slab.into_raw();
    let mut buffer = ptr::null_mut();
    // SAFETY: the memory has this length and lives until the last owner of the slab, of
    // whom JavaScript is one until the finalizer is called, is gone.
    let status = unsafe {
        sys::napi_create_external_buffer(
            env.raw(),
            SLAB_SIZE,
            start,
            Some(drop_slab),
            head.as_ptr().cast(),
            &raw mut buffer,
        )
    };
    // Where it fails there may be a finalizer all the same, as with a worker that is being
    // terminated: the slab is not dropped here.
    check_status!(status, "a slab can't be shown")?;
    Ok(buffer)
}

unsafe extern "C" fn drop_slab(_: sys::napi_env, _start: *mut c_void, head: *mut c_void) {
    if let Some(head) = NonNull::new(head.cast::<Head>()) {
        // SAFETY: it is what `slab_buffer` passed on, and a finalizer is called once.
        drop(unsafe { Slab::from_raw(head) });
    }
}

fn block_buffer(env: &Env, memory: Arc<BlockMemory>) -> Result<sys::napi_value> {
    // SAFETY: the memory has this length and lives until its last owner, of whom
    // JavaScript is one until the finalizer is called, is gone.
    let buffer = unsafe {
        BufferSlice::from_external(env, memory.as_ptr(), BLOCK_SIZE, memory, |_, memory| {
            drop(memory);
        })
    };
    buffer.map(|buffer| buffer.raw())
}

fn payload_buffer(env: &Env, mut payload: Vec<u8>) -> Result<sys::napi_value> {
    let buffer = if payload.is_empty() {
        BufferSlice::from_data(env, payload)
    } else {
        let (start, length) = (payload.as_mut_ptr(), payload.len());
        // SAFETY: the memory is of this length and lives until the finalizer is called;
        // nobody but JavaScript touches it before.
        unsafe {
            BufferSlice::from_external(env, start, length, payload, |_, payload| {
                give_memory(payload);
            })
        }
    };
    buffer.map(|buffer| buffer.raw())
}
