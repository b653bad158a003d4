//! Waiting for sockets and reading from them, as all that do not block have to,
//! and looking at those that have to be silent.

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream;
use std::time::Duration;

use mio::{Events, Poll};

use crate::message::Failure;

/// Waits until sockets are ready, at most this long. After an interruption there
/// are no events.
pub fn wait(poll: &mut Poll, events: &mut Events, most: Option<Duration>) -> io::Result<()> {
    match poll.poll(events, most) {
        Err(error) if error.kind() == ErrorKind::Interrupted => {
            events.clear();
            Ok(())
        }
        outcome => outcome,
    }
}

/// How much was read, 0 at the end; nothing if the socket is empty.
pub fn read(stream: &mut impl Read, buffer: &mut [u8]) -> io::Result<Option<usize>> {
    loop {
        match stream.read(buffer) {
            Ok(length) => return Ok(Some(length)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The same where the end fails.
pub fn read_open(stream: &mut impl Read, buffer: &mut [u8]) -> Result<Option<usize>, Failure> {
    match read(stream, buffer)? {
        Some(0) => Err("the server closed a connection".into()),
        length => Ok(length),
    }
}

/// Fails if the server has said anything, or closed the connection. It does not
/// block afterwards.
pub fn check_silence(stream: &TcpStream) -> Result<(), Failure> {
    stream.set_nonblocking(true)?;
    match stream.peek(&mut [0]) {
        Ok(0) => Err("the server closed an idle connection".into()),
        Ok(_) => Err("the server spoke on an idle connection".into()),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::io::{self, ErrorKind, Read, Write};
    use std::net::{TcpListener, TcpStream};

    use super::{check_silence, read, read_open};

    /// Answers in turn; then it is at its end.
    struct Script(VecDeque<Result<usize, ErrorKind>>);

    impl Read for Script {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            self.0.pop_front().unwrap_or(Ok(0)).map_err(io::Error::from)
        }
    }

    #[test]
    fn an_empty_socket_is_not_at_its_end() {
        let answers = [Ok(3), Err(ErrorKind::Interrupted), Ok(2)];
        let mut script = Script(answers.into());
        script.0.push_back(Err(ErrorKind::WouldBlock));
        script.0.push_back(Err(ErrorKind::ConnectionReset));
        let mut buffer = [0; 4];
        assert_eq!(read(&mut script, &mut buffer).unwrap(), Some(3));
        assert_eq!(read_open(&mut script, &mut buffer).unwrap(), Some(2));
        assert_eq!(read(&mut script, &mut buffer).unwrap(), None);
        assert!(read(&mut script, &mut buffer).is_err());
        assert_eq!(read(&mut script, &mut buffer).unwrap(), Some(0));
        assert!(read_open(&mut script, &mut buffer).is_err());
    }

    #[test]
    fn only_an_open_and_silent_connection_is_idle() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        check_silence(&client).unwrap();

        server.write_all(b"x").unwrap();
        client.set_nonblocking(false).unwrap();
        client.peek(&mut [0]).unwrap();
        assert!(check_silence(&client).is_err());
    }

    #[test]
    fn a_closed_connection_is_not_idle() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        drop(listener.accept().unwrap());
        client.peek(&mut [0]).unwrap();
        assert!(check_silence(&client).is_err());
    }
}
