//! A month by remote write 1.0, to Prometheus, VictoriaMetrics, Mimir or Thanos Receive.

use url::Url;

use super::{month::Month, options::ReceiverOptions};
use crate::clock::SharedClock;

/// Whom months are sent to.
#[derive(Debug)]
pub struct Receiver {}

/// What was sent of a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Samples the receiver took.
    pub samples: u64,
    /// Samples that were left out, because they are older than its window.
    pub clipped: u64,
    /// Bytes of the requests' bodies.
    pub bytes: u64,
    /// Requests, those that were repeated included.
    pub requests: u64,
}

/// Why nothing can be sent, or not on.
#[derive(Debug, thiserror::Error)]
pub enum SendError {}

impl Receiver {
    /// Prepares to send; nothing is sent yet.
    ///
    /// # Errors
    /// [`SendError`] if a file, a header or the address is not usable.
    pub fn new(url: &Url, options: &ReceiverOptions, clock: SharedClock) -> Result<Self, SendError> {
        let _ = (url, options, clock);
        todo!()
    }

    /// Sends a month. To send it again changes nothing.
    ///
    /// # Errors
    /// [`SendError`] as soon as a request is refused, or repeating it does not help.
    pub async fn send(&self, month: &Month) -> Result<Sent, SendError> {
        let _ = month;
        todo!()
    }
}
