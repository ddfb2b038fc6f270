//! MLLP: where one message ends and the next begins on a stream; bytes in, frames out.
//!
//! A frame is VT, the message, FS, CR. Invariants: whatever the pieces in which a stream arrives, the same frames
//! come out, each byte is looked at once, and no more is kept than one message of the size allowed; a byte outside
//! a frame, VT inside one, and FS without CR are refused with their offset in the stream, because what follows
//! could be taken for another message. After a fault the stream is of no use: the same fault is told again.
//! Deliberately absent: sockets, time, and the commit bytes of MLLP release 2.

use crate::scan::first_of;
use std::fmt;

const VT: u8 = 0x0b;
const FS: u8 = 0x1c;
const CR: u8 = b'\r';

/// So much is kept of a refused message: its MSH.
const KEPT: usize = 1024;

/// What is wrong with a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Misframed {
    /// A byte that is not VT where a frame should begin.
    Outside,
    /// VT inside a frame: another one begins before the first has ended.
    Nested,
    /// FS that CR does not follow.
    Unended,
    /// More bytes in a frame than are allowed.
    TooLong {
        /// So many are allowed.
        limit: usize,
    },
    /// The stream ended inside a frame.
    Cut,
}

/// Why a stream is refused, and where.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FrameFault {
    /// The kind.
    pub kind: Misframed,
    /// The byte, counted from the first of the stream.
    pub offset: u64,
}

impl fmt::Display for FrameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "byte {} of the stream: ", self.offset)?;
        match self.kind {
            Misframed::Outside => f.write_str("not VT (0B) where a frame begins; send VT, message, FS, CR"),
            Misframed::Nested => {
                f.write_str("VT (0B) inside a frame; end a frame before the next, escape VT in text")
            }
            Misframed::Unended => {
                f.write_str("FS (1C) without CR after it; end a frame with both, escape FS in text")
            }
            Misframed::TooLong { limit } => {
                write!(f, "a frame of more than {limit} bytes; send smaller messages")
            }
            Misframed::Cut => f.write_str("the stream ended inside a frame; send the message again"),
        }
    }
}

impl std::error::Error for FrameFault {}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Outside,
    Inside,
    Ending,
    Refused(FrameFault),
}

/// Takes frames out of a stream.
#[derive(Clone)]
pub struct Frames {
    limit: usize,
    frame: Vec<u8>,
    offset: u64,
    state: State,
}

/// Shape only: what is printed for debugging ends up in logs.
impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Frames({:?}, {} bytes pending)", self.state, self.frame.len())
    }
}

impl Frames {
    /// Of a stream whose messages have at most `limit` bytes.
    pub fn new(limit: usize) -> Frames {
        Frames { limit, frame: Vec::new(), offset: 0, state: State::Outside }
    }

    /// Takes bytes off the front of `piece` up to the end of a frame, and gives the message inside; nothing when
    /// the piece is used up. Call it again with what is left, then with the next piece.
    pub fn take(&mut self, piece: &mut &[u8]) -> Result<Option<Vec<u8>>, FrameFault> {
        while let Some((byte, rest)) = piece.split_first() {
            match (self.state, *byte) {
                (State::Outside, VT) => self.state = State::Inside,
                (State::Outside, _) => return self.refuse(Misframed::Outside, 0),
                (State::Inside, _) => {
                    self.inside(piece)?;
                    continue;
                }
                (State::Ending, CR) => {
                    self.state = State::Outside;
                    self.offset += 1;
                    *piece = rest;
                    return Ok(Some(std::mem::take(&mut self.frame)));
                }
                // The byte at fault is the FS before.
                (State::Ending, _) => return self.refuse(Misframed::Unended, 1),
                (State::Refused(fault), _) => return Err(fault),
            }
            self.offset += 1;
            *piece = rest;
        }
        Ok(None)
    }

    /// Takes what belongs to the message, and FS after it.
    fn inside(&mut self, piece: &mut &[u8]) -> Result<(), FrameFault> {
        let length = first_of(piece, VT, FS).unwrap_or(piece.len());
        let room = self.limit - self.frame.len();
        let Some((message, rest)) = piece.split_at_checked(length.min(room)) else { return Ok(()) };
        self.frame.extend_from_slice(message);
        self.offset += message.len() as u64;
        *piece = rest;
        match rest.split_first() {
            None => Ok(()),
            Some((&FS, rest)) => {
                self.state = State::Ending;
                self.offset += 1;
                *piece = rest;
                Ok(())
            }
            Some((&VT, _)) => self.refuse(Misframed::Nested, 0),
            Some(_) => self.refuse(Misframed::TooLong { limit: self.limit }, 0),
        }
    }

    fn refuse<T>(&mut self, kind: Misframed, back: u64) -> Result<T, FrameFault> {
        let fault = FrameFault { kind, offset: self.offset.saturating_sub(back) };
        self.state = State::Refused(fault);
        self.frame.truncate(KEPT);
        self.frame.shrink_to_fit();
        Err(fault)
    }

    /// Whether the stream stands between two frames.
    pub fn is_between(&self) -> bool {
        self.state == State::Outside
    }

    /// What is kept of an unfinished message; of one that was refused, enough to answer it.
    pub fn begun(&self) -> &[u8] {
        &self.frame
    }

    /// How many bytes of an unfinished message are kept.
    pub fn pending(&self) -> usize {
        self.frame.len()
    }

    /// The stream has ended: a fault where it ended inside a frame.
    pub fn finish(&self) -> Result<(), FrameFault> {
        match self.state {
            State::Outside => Ok(()),
            State::Refused(fault) => Err(fault),
            State::Inside | State::Ending => Err(FrameFault { kind: Misframed::Cut, offset: self.offset }),
        }
    }
}

/// A message in its frame; refused where it has bytes of the framing itself.
pub fn frame(message: &[u8]) -> Result<Vec<u8>, FrameFault> {
    if let Some(at) = first_of(message, VT, FS) {
        let kind = if message.get(at) == Some(&VT) { Misframed::Nested } else { Misframed::Unended };
        return Err(FrameFault { kind, offset: at as u64 + 1 });
    }
    let mut out = Vec::with_capacity(message.len() + 3);
    out.push(VT);
    out.extend_from_slice(message);
    out.extend([FS, CR]);
    Ok(out)
}
