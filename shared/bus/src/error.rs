use std::path::PathBuf;

use troupe_protocol::Stream;

/// Whatever async-nats said; its types do not leave this crate.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What can go wrong on the bus.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting cannot be right.
    #[error("cannot use nats.{key}: {reason}")]
    Setting {
        /// The setting's name in the section.
        key: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The file with the credentials cannot be read.
    #[error("cannot read the credentials in {}", path.display())]
    Credentials {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// Nobody answers, or not like a NATS server.
    #[error("cannot connect to NATS at {url}: is it running, and is nats.url right?")]
    Connect {
        /// The address from the settings.
        url: String,
        /// What the client said.
        #[source]
        source: Cause,
    },
    /// The server wants to know who connects, and does not take what it was told.
    #[error("NATS at {url} does not let this service in: see nats.credentials, or the user in nats.url")]
    NotLetIn {
        /// The address from the settings.
        url: String,
        /// What the client said.
        #[source]
        source: Cause,
    },
    /// The server lacks what troupe needs, and old ones ignore silently what they do not know.
    #[error("NATS at {url} is version {found}, but troupe needs 2.12 or newer: install a newer nats-server")]
    TooOld {
        /// The address from the settings.
        url: String,
        /// The server's version.
        found: String,
    },
    /// The server keeps no streams.
    #[error("NATS at {url} runs without JetStream: start nats-server with --jetstream")]
    NoJetStream {
        /// The address from the settings.
        url: String,
    },
    /// A stream, bucket or consumer could not be made.
    #[error("cannot set up {what}")]
    Setup {
        /// What.
        what: String,
        /// What the server said.
        #[source]
        source: Cause,
    },
    /// The server made something else of a stream, bucket or consumer than was asked for.
    #[error("{what} is not as it has to be: {differences}")]
    Mismatch {
        /// What.
        what: String,
        /// Each field that differs, with both values.
        differences: String,
    },
    /// The value cannot be written as JSON.
    #[error("cannot encode what goes to {target}")]
    Encode {
        /// The subject or key.
        target: String,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// What was read is not what it should be.
    #[error("cannot decode {target}")]
    Decode {
        /// The subject or key.
        target: String,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// The broker will never take this message.
    #[error("the message to {subject} is larger than the broker takes")]
    TooLarge {
        /// Its subject.
        subject: String,
    },
    /// Whether it was stored is not known. Publish it again under the same id.
    #[error("cannot publish to {subject}")]
    Publish {
        /// Its subject.
        subject: String,
        /// What the client said.
        #[source]
        source: Cause,
    },
    /// The waiting was cancelled. Whether the message was stored is not known.
    #[error("stopped while publishing to {subject}")]
    Stopped {
        /// Its subject.
        subject: String,
    },
    /// There is a record under that key already.
    #[error("{bucket} has a record {key} already")]
    Exists {
        /// The bucket.
        bucket: &'static str,
        /// The key.
        key: String,
    },
    /// The record was changed by somebody else; read it again.
    #[error("the record {key} in {bucket} was changed meanwhile")]
    Conflict {
        /// The bucket.
        bucket: &'static str,
        /// The key.
        key: String,
    },
    /// Something large is not there as it was stored.
    #[error("the parts of {hash} are not all there")]
    Incomplete {
        /// The hash of the whole.
        hash: String,
    },
    /// A key may have letters, digits and `-/_=.` only.
    #[error("{key:?} cannot be a key")]
    Key {
        /// What was given.
        key: String,
    },
    /// Reading failed; it can be tried again.
    #[error("cannot read {what}")]
    Read {
        /// What.
        what: String,
        /// What the client said.
        #[source]
        source: Cause,
    },
    /// People of this installation are known by other pseudonyms, told by the fingerprints of their keys.
    #[error(
        "pseudonyms.key is not the installation's: its fingerprint is {own} here and {fixed} there. Give stats and the \
         manager the same key. If it is to be another one from now on, which makes everybody somebody new, set \
         pseudonyms.instead_of to {fixed:?} for both"
    )]
    OtherPseudonyms {
        /// The fingerprint that was fixed; `none` without a key.
        fixed: String,
        /// The one here.
        own: String,
    },
    /// A reader asked for a place behind a stream's end: the broker has lost messages that had been read.
    #[error("the stream {} ends at {last}, but was read up to {read}: the broker has lost messages", stream.name())]
    Rewound {
        /// The stream.
        stream: Stream,
        /// Up to where it had been read.
        read: u64,
        /// Where it ends now.
        last: u64,
    },
}

impl Error {
    /// Whether trying the same again can succeed.
    pub const fn is_passing(&self) -> bool {
        match self {
            Self::Connect { .. } | Self::Setup { .. } | Self::Publish { .. } | Self::Read { .. } => true,
            Self::Setting { .. }
            | Self::Credentials { .. }
            | Self::NotLetIn { .. }
            | Self::TooOld { .. }
            | Self::NoJetStream { .. }
            | Self::Mismatch { .. }
            | Self::Encode { .. }
            | Self::Decode { .. }
            | Self::TooLarge { .. }
            | Self::Stopped { .. }
            | Self::Exists { .. }
            | Self::Conflict { .. }
            | Self::Incomplete { .. }
            | Self::Key { .. }
            | Self::OtherPseudonyms { .. }
            | Self::Rewound { .. } => false,
        }
    }
}

/// Why a request was not answered.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Nobody serves this subject now.
    #[error("nobody answers {subject}")]
    NoResponder {
        /// The subject.
        subject: String,
    },
    /// Whoever serves it did not answer in time; whether the request was carried out is not known.
    #[error("no answer on {subject} in time")]
    Timeout {
        /// The subject.
        subject: String,
    },
    /// The answer makes no sense.
    #[error("cannot decode the answer on {subject}")]
    Decode {
        /// The subject.
        subject: String,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// The request cannot be written as JSON.
    #[error("cannot encode the request to {subject}")]
    Encode {
        /// The subject.
        subject: String,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// The request could not be sent.
    #[error("cannot send the request to {subject}")]
    Send {
        /// The subject.
        subject: String,
        /// What the client said.
        #[source]
        source: Cause,
    },
}
