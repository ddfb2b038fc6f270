//! Certificates and keys as files: reading those of the configuration, making those of development.
//!
//! Invariant: a file that exists is never overwritten unless asked for, a private key is never
//! readable by others, and no key ever reaches a log. Deliberately absent: anything that a
//! production authority would need (revocation, requests, renewal); [`make`] is for development,
//! demonstration and tests, and its authority says TEST in its name.

mod authority;
mod folder;
mod pem;
mod sign;

pub use authority::{Authority, Issued, Leaf, Usage, Validity};
pub use folder::{Existing, Files, GATEWAY_HSA_ID, Made, P12_PASSWORD, Party, make};
pub use pem::{Loaded, TlsFiles, finding};
pub use sign::{Signature, sign};

use std::{io, path::PathBuf};

/// Why certificates could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The certificate library refused.
    #[error("the certificate cannot be made: {0}")]
    Certificate(String),
    /// A file or folder could not be written or read.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What stands in the folder does not belong together.
    #[error("{}: {why}", path.display())]
    Mixed {
        /// The file that shows it.
        path: PathBuf,
        /// What is wrong and what to do.
        why: String,
    },
}

impl From<rcgen::Error> for Error {
    fn from(error: rcgen::Error) -> Error {
        Error::Certificate(error.to_string())
    }
}
