//! What a socket did not take yet. Frames are shared, not copied.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};
use std::ops::Range;
use std::rc::Rc;

use mio::net::TcpStream;

#[derive(Default)]
pub struct Outbox {
    waiting: VecDeque<(Rc<[u8]>, Range<usize>)>,
}

impl Outbox {
    /// Writes the first `length` octets of `bytes` after all that waits.
    pub fn send(
        &mut self,
        stream: &mut TcpStream,
        bytes: Rc<[u8]>,
        length: usize,
    ) -> io::Result<()> {
        self.waiting.push_back((bytes, 0..length));
        self.flush(stream)
    }

    pub fn flush(&mut self, stream: &mut TcpStream) -> io::Result<()> {
        while let Some((bytes, range)) = self.waiting.front_mut() {
            match stream.write(&bytes[range.clone()]) {
                Ok(written) => range.start += written,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            if range.start == range.end {
                self.waiting.pop_front();
            }
        }
        Ok(())
    }
}
