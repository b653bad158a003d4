//! What the commands of JavaScript do to a connection's output.
//!
//! The frames of all commands that come together are encoded behind each other and
//! offered to the kernel in one call.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::config::ConnectionConfig;
use super::super::encoder::{Encoder, VECTORED_PAYLOAD};
use super::super::stream::Stream;
use super::{MarkKind, Output, Scratch};
use crate::bridge::{Command, CommandKind, flag};
use crate::protocol::{Control, OpCode};

/// Bytes of its scratch that a thread keeps.
const SCRATCH_KEPT: usize = 256 * 1024;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Output {
    /// Carries commands out in order and offers what they send to the kernel.
    /// Returns whether the connection's task has something to do.
    ///
    /// Once `abandoned` is set, the first frame that is to be compressed, and all that
    /// would be sent after it, are not sent.
    pub(in crate::net) fn submit<'a>(
        &mut self,
        stream: &Stream,
        commands: impl Iterator<Item = Command<'a>>,
        abandoned: &AtomicBool,
    ) -> bool {
        SCRATCH.with_borrow_mut(|scratch| {
            // A panic may have left something of another connection here.
            scratch.bytes.clear();
            scratch.marks.clear();
            let mut wake = false;
            let was_closing = self.closing.is_close_queued();
            for command in commands {
                if !self.drop_uncompressed(&command, abandoned) && !self.terminated {
                    wake |= self.carry_out(stream, &command, scratch);
                }
            }
            self.offer(stream, scratch);
            scratch.bytes.shrink_to(SCRATCH_KEPT);
            let ends = self.ending && self.closing.is_close_queued();
            if (ends || self.closing.should_end()) && !self.is_blocked() {
                self.end(stream);
                wake |= self.peer_ended;
            }
            // The task times the closing handshake, unless the peer began it.
            let is_answer = self.ended && self.closing.is_last_of_ours();
            let closes = !was_closing && self.closing.is_close_queued() && !is_answer;
            wake || closes || self.terminated || self.failed || self.is_blocked()
        })
    }

    /// Whether the connection was given up before this is compressed, or what stands
    /// before it.
    fn drop_uncompressed(&mut self, command: &Command<'_>, abandoned: &AtomicBool) -> bool {
        let sends = matches!(
            command.kind,
            CommandKind::Frame | CommandKind::Frames | CommandKind::Raw
        );
        if !sends {
            return false;
        }
        self.dropping |= abandoned.load(Ordering::Relaxed)
            && command.kind == CommandKind::Frame
            && self.encoder.compresses(command, command.data_length());
        self.dropped += u32::from(self.dropping && command.has(flag::ACKNOWLEDGE));
        self.dropping
    }

    /// Returns whether the connection's task has something to do.
    fn carry_out(&mut self, stream: &Stream, command: &Command<'_>, scratch: &mut Scratch) -> bool {
        match command.kind {
            CommandKind::Frame | CommandKind::Frames | CommandKind::Raw if self.failed => false,
            CommandKind::Frame => {
                self.frame(stream, command, scratch);
                false
            }
            CommandKind::Frames => {
                self.frames(stream, command, scratch);
                false
            }
            CommandKind::Raw => {
                scratch.bytes.extend_from_slice(command.payload);
                let acknowledge = command.has(flag::ACKNOWLEDGE);
                self.mark(scratch, 0, MarkKind::Plain, acknowledge);
                false
            }
            CommandKind::Upgrade => {
                self.config = ConnectionConfig::shared(command.payload);
                let Some(config) = &self.config else {
                    return true;
                };
                self.encoder = Encoder::new(config);
                self.role = config.role;
                self.config_is_awaited || config.heartbeat.is_some()
            }
            CommandKind::End => {
                self.ending = true;
                // Behind a close frame our side is ended here, a handshake that was refused
                // by the task.
                !self.closing.is_close_queued()
            }
            CommandKind::Terminate => {
                self.terminated = true;
                self.resetting = command.has(flag::RESET);
                true
            }
            CommandKind::Tap => {
                self.tapped = true;
                false
            }
            CommandKind::LeavePings => {
                self.leaves_pings = true;
                false
            }
            CommandKind::Inject => {
                let injected = self.injected.get_or_insert_default();
                injected.0.extend_from_slice(command.payload);
                true
            }
            CommandKind::Pause => {
                self.paused = true;
                false
            }
            CommandKind::Resume => {
                self.paused = false;
                true
            }
        }
    }

    fn frame(&mut self, stream: &Stream, command: &Command<'_>, scratch: &mut Scratch) {
        // RFC 6455 §5.5.1: no frame follows a close frame.
        if self.closing.is_close_queued() {
            return;
        }
        let (kind, counted) = match OpCode::from(command.opcode()) {
            OpCode::Data(_) => (MarkKind::Plain, command.data_length()),
            OpCode::Control(Control::Close) => (MarkKind::Close, 0),
            OpCode::Control(_) => (MarkKind::Plain, 0),
        };
        if self.encoder.large_frame(command, &mut scratch.bytes) {
            self.offer_vectored(stream, command.payload, command.shared, scratch);
        } else {
            self.encoder.frame(command, &mut scratch.bytes);
        }
        self.mark(scratch, counted, kind, command.has(flag::ACKNOWLEDGE));
        if kind == MarkKind::Close {
            let _first = self.closing.handle_close_queued();
        }
    }

    /// Messages that are framed already. They count as buffered until the kernel
    /// took them all.
    fn frames(&mut self, stream: &Stream, command: &Command<'_>, scratch: &mut Scratch) {
        // RFC 6455 §5.5.1: no frame follows a close frame.
        if self.closing.is_close_queued() {
            return;
        }
        let (length, frames) = command.frames();
        if frames.len() >= VECTORED_PAYLOAD {
            self.offer_vectored(stream, frames, None, scratch);
        } else {
            scratch.bytes.extend_from_slice(frames);
        }
        self.mark(scratch, length, MarkKind::Plain, false);
    }
}
