//! From JavaScript's commands to the sockets: who writes.
//!
//! A flush that addresses few connections is written here and now, on
//! JavaScript's thread: the lowest latency and the least work in all. One that
//! addresses many is handed to the I/O threads, because system calls are most
//! of its cost and JavaScript has better things to do; so is one that has to be
//! compressed. As long as a thread has such work before it, everything for it
//! goes the same way, so that order holds.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{io, thread};

use super::Environment;
use super::connection::Connection;
use super::runtime::{IoThread, IoThreads};
use crate::bridge::{
    Batch, BlockBytes, Command, CommandKind, Commands, ConnectionId, EventKind, FEW_MESSAGES, flag,
    lock,
};
use crate::protocol::OpCode;

/// Runs that one flush may have and still be written by JavaScript's thread.
const FEW_RUNS: usize = 4;

/// Consecutive commands of one connection, in a block of bytes.
struct Run {
    connection: Arc<Connection>,
    range: Range<usize>,
    /// Payload bytes of messages in it.
    data: usize,
}

/// Commands on their way to an I/O thread.
pub(super) struct Block {
    bytes: BlockBytes,
    beside: Option<Arc<[u8]>>,
    runs: Vec<Run>,
}

impl Block {
    /// Carries all commands out, on the I/O thread.
    pub(super) fn run(self) {
        let commands = Commands::new(&self.bytes, self.beside.as_ref());
        for Run {
            connection,
            range,
            data,
        } in self.runs
        {
            let submitted = catch_unwind(AssertUnwindSafe(|| {
                let acknowledged = connection.submit(commands.clone().within(range), data);
                connection.publish_sent(acknowledged);
            }));
            // A defect costs this connection, not its thread.
            if submitted.is_err() {
                connection.terminate();
            }
        }
    }
}

/// The outbound side of an environment; lives on JavaScript's thread.
pub struct Dispatcher {
    environment: Arc<Environment>,
    threads: &'static IoThreads,
    runs: Vec<Run>,
    /// The payload that blocks may refer to.
    beside: Option<Arc<[u8]>>,
    /// Events that came of writing here; not yet given to the reader.
    own: Batch,
}

impl Dispatcher {
    /// The dispatcher of `environment`.
    ///
    /// # Errors
    /// If the I/O threads can't be started.
    pub fn new(environment: Arc<Environment>) -> io::Result<Self> {
        Ok(Self {
            environment,
            threads: IoThreads::shared()?,
            runs: Vec::new(),
            beside: None,
            own: Batch::default(),
        })
    }

    /// Carries out the commands in `block`. With `now` they are written by
    /// this thread if order allows it and nothing has to be compressed. Commands
    /// for connections that are gone are dropped. `for_others` are the same bytes for
    /// other threads.
    pub fn flush(&mut self, block: &[u8], for_others: impl FnOnce() -> BlockBytes, now: bool) {
        let mut runs = std::mem::take(&mut self.runs);
        let beside = self.beside.clone();
        let commands = Commands::new(block, beside.as_ref());
        let compressing = self.find_runs(commands.clone(), &mut runs);
        // Those that JavaScript's thread reads it had better answer, too.
        let most = if self.environment.inbox.direct.is_any() {
            FEW_MESSAGES
        } else {
            FEW_RUNS
        };
        let few = runs.len() <= most;
        if (now || few)
            && !compressing
            && runs
                .iter()
                .all(|run| self.is_settled(run.connection.thread()))
        {
            for run in runs.drain(..) {
                self.submit_here(&run.connection, commands.clone().within(run.range));
            }
        } else {
            self.hand_over(&for_others(), beside.as_ref(), &mut runs);
        }
        runs.clear();
        self.runs = runs;
    }

    /// Keeps a copy of a payload too large for a block, to which the records of the
    /// next ones may refer. Without one nothing is kept.
    pub fn share(&mut self, payload: Option<&[u8]>) {
        self.beside = payload.map(Arc::from);
    }

    /// Carries out one command whose payload is too large to be copied into a
    /// block.
    pub fn send(&mut self, command: &Command<'_>) {
        let connection = lock(&self.environment.connections).get(command.id).cloned();
        let Some(connection) = connection else {
            return;
        };
        if self.is_settled(connection.thread()) && !command.has(flag::COMPRESS) {
            self.submit_here(&connection, std::iter::once(*command));
        } else {
            let block = command.to_block();
            let run = Run {
                connection,
                range: 0..block.len(),
                data: data_length(command),
            };
            self.hand_over(&BlockBytes::copied(&block), None, &mut vec![run]);
        }
    }

    /// Payload bytes of messages of a connection that the kernel has not taken.
    #[must_use]
    pub fn buffered_amount(&self, id: ConnectionId) -> usize {
        let connection = self.environment.connection(id);
        connection.map_or(0, |connection| connection.buffered_amount())
    }

    /// Forgets a connection: JavaScript took its last event.
    pub fn forget(&self, index: u32) {
        self.environment.forget_connection(index);
    }

    /// Whether events arose on this thread that the reader does not have.
    #[must_use]
    pub fn has_own_events(&self) -> bool {
        !self.own.is_empty()
    }

    /// Events that arose on this thread, if any; to be given to the reader.
    pub fn take_own_events(&mut self) -> Option<Batch> {
        (!self.own.is_empty()).then(|| std::mem::take(&mut self.own))
    }

    /// Waits until the I/O threads have carried out what was handed to them,
    /// `most` at the longest. For the end of the process.
    pub fn settle(&self, most: Duration) {
        let end = Instant::now() + most;
        while Instant::now() < end && !self.threads.iter().all(IoThread::is_settled) {
            thread::sleep(Duration::from_millis(1));
        }
    }

    fn is_settled(&self, thread: usize) -> bool {
        self.threads.get(thread).is_none_or(IoThread::is_settled)
    }

    /// Returns whether something is to be compressed.
    fn find_runs(&self, mut commands: Commands<'_>, runs: &mut Vec<Run>) -> bool {
        let mut compressing = false;
        let table = lock(&self.environment.connections);
        let mut start = 0;
        let mut last = None;
        while let Some(command) = commands.next() {
            let end = commands.offset();
            compressing |= command.has(flag::COMPRESS);
            match runs.last_mut() {
                Some(run) if last == Some(command.id) && run.range.end == start => {
                    run.range.end = end;
                    run.data += data_length(&command);
                }
                Some(_) | None => {
                    if let Some(connection) = table.get(command.id) {
                        let connection = Arc::clone(connection);
                        runs.push(Run {
                            connection,
                            range: start..end,
                            data: data_length(&command),
                        });
                        last = Some(command.id);
                    }
                }
            }
            start = end;
        }
        compressing
    }

    fn submit_here<'a>(
        &mut self,
        connection: &Arc<Connection>,
        commands: impl Iterator<Item = Command<'a>>,
    ) {
        let acknowledged = connection.submit(commands, 0);
        if acknowledged > 0 {
            let index = connection.id.index;
            self.own.push(EventKind::Sent, 0, index, acknowledged);
        }
    }

    fn hand_over(&self, bytes: &BlockBytes, beside: Option<&Arc<[u8]>>, runs: &mut Vec<Run>) {
        for (number, thread) in self.threads.iter().enumerate() {
            if runs.is_empty() {
                break;
            }
            let mut mine = Vec::with_capacity(runs.len());
            mine.extend(runs.extract_if(.., |run| run.connection.thread() == number));
            for run in &mine {
                run.connection.hand_over(run.data);
            }
            if !mine.is_empty() {
                thread.hand_over(Block {
                    bytes: bytes.clone(),
                    beside: beside.cloned(),
                    runs: mine,
                });
            }
        }
    }
}

/// What `Output` counts as buffered for a command.
fn data_length(command: &Command<'_>) -> usize {
    match (command.kind, OpCode::from(command.opcode())) {
        (CommandKind::Frame, OpCode::Data(_)) => command.data_length(),
        (CommandKind::Frames, _) => command.frames().0,
        _ => 0,
    }
}
