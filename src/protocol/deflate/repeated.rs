//! The message that a thread compressed last: what is sent to many connections is
//! compressed once.
//!
//! Only messages that are compressed by themselves, without what was sent before,
//! are the same for all.

use std::cell::RefCell;

use super::pool::DeflateSettings;

/// Longer messages are compressed each time.
const LONGEST: usize = 256 * 1024;

struct Repeated {
    settings: Option<DeflateSettings>,
    payload: Vec<u8>,
    compressed: Vec<u8>,
}

thread_local! {
    static LAST: RefCell<Repeated> = const {
        RefCell::new(Repeated {
            settings: None,
            payload: Vec::new(),
            compressed: Vec::new(),
        })
    };
}

/// Appends the compressed payload of a whole message to `out`: the one of the last
/// call if it was for the same, else what `compress` appends.
pub(super) fn compress_whole(
    settings: DeflateSettings,
    payload: &[u8],
    out: &mut Vec<u8>,
    compress: impl FnOnce(&mut Vec<u8>),
) {
    if payload.len() > LONGEST {
        compress(out);
        return;
    }
    LAST.with_borrow_mut(|last| {
        if last.settings != Some(settings) || last.payload != payload {
            // Until it is complete, it is nothing.
            last.settings = None;
            last.compressed.clear();
            compress(&mut last.compressed);
            last.payload.clear();
            last.payload.extend_from_slice(payload);
            last.settings = Some(settings);
        }
        out.extend_from_slice(&last.compressed);
    });
}
