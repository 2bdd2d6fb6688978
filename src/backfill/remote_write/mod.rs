//! A month by remote write 1.0, to Prometheus, VictoriaMetrics, Mimir or Thanos Receive.
//!
//! Samples are gathered into requests of a bounded size ([`batch`]), in the form of the specification ([`wire`]), and sent
//! one request at a time, in order, to a receiver ([`access`]). What is not taken ([`answer`]) is sent again where that
//! can help; to send what has been taken already changes nothing.

mod access;
mod answer;
mod batch;
mod wire;

use std::{fmt, time::Duration};

use url::Url;

use self::{
    access::Access,
    answer::{Trouble, shown},
    batch::{Batch, batches},
};
use super::{month::Month, options::ReceiverOptions};
use crate::{
    clock::{SharedClock, after},
    github::budget::doubled,
};

/// One request and its whole answer. Prometheus has the same default (`remote_timeout`).
const TIMEOUT: Duration = Duration::from_secs(30);

/// How often one request is sent. With the waits between them these are about two minutes: a receiver that is started
/// anew is back by then, and one that will never take it is not asked for ever.
const MOST_TRIES: u32 = 9;

/// The wait before the second try; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait, unless the receiver asks for a longer one.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Whoever asks for more than this is not waited for: a backfill can be started again.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// Samples that are about to leave the receiver's window are left out, too: a request is under way for up to
/// [`TIMEOUT`], and the rest is for clocks that differ. One sample too old would fail the whole request.
const MARGIN: Duration = Duration::from_secs(60);

/// Whom months are sent to.
pub struct Receiver {
    access: Access,
    clock: SharedClock,
    window: Option<Duration>,
}

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

/// Why nothing can be sent, or not on. No secret is in it.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// A switch is not usable.
    #[error("{switch}: {what}")]
    Switch {
        /// Its name.
        switch: &'static str,
        /// The rule that it breaks, or what is wrong with its file.
        what: String,
    },
    /// The client could not be made, for instance because the machine has no root certificates.
    #[error("the client for remote write could not be made: {0}")]
    Client(String),
    /// The receiver refused a request for good.
    #[error("{address}: {trouble}")]
    Refused {
        /// The receiver's, without its query.
        address: String,
        /// Status, the receiver's words, and what to change.
        trouble: String,
    },
    /// A request was not taken however often it was sent.
    #[error("{address}: not taken {tries} times, at last: {trouble}")]
    GaveUp {
        /// The receiver's, without its query.
        address: String,
        /// How often it was sent.
        tries: u32,
        /// What was wrong the last time.
        trouble: String,
    },
    /// The receiver wants to be left alone for longer than anybody waits.
    #[error("{address}: asks to be left alone for {pause}, start again then: {trouble}")]
    Paused {
        /// The receiver's, without its query.
        address: String,
        /// For how long.
        pause: String,
        /// What it said.
        trouble: String,
    },
}

impl SendError {
    fn switch(switch: &'static str, what: impl Into<String>) -> Self {
        Self::Switch { switch, what: what.into() }
    }

    fn client(error: reqwest::Error) -> Self {
        Self::Client(crate::github::exchange::cause(error))
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Receiver({})", self.address())
    }
}

impl Receiver {
    /// Prepares to send; nothing is sent yet.
    ///
    /// # Errors
    /// [`SendError`] if a file, a header or the address is not usable.
    pub fn new(url: &Url, options: &ReceiverOptions, clock: SharedClock) -> Result<Self, SendError> {
        let access = Access::new(url, options, TIMEOUT)?;
        Ok(Self { access, clock, window: options.out_of_order_window })
    }

    /// Sends a month. To send it again changes nothing.
    ///
    /// # Errors
    /// [`SendError`] as soon as a request is refused, or repeating it does not help. What was sent before stays sent.
    pub async fn send(&self, month: &Month) -> Result<Sent, SendError> {
        let mut sent = Sent::default();
        for batch in batches(month, || self.oldest()) {
            self.deliver(batch, &mut sent).await?;
        }
        Ok(sent)
    }

    /// Sends a batch until it is taken.
    async fn deliver(&self, mut batch: Batch, sent: &mut Sent) -> Result<(), SendError> {
        let mut tries = 0;
        loop {
            // While it waited, time went on.
            batch.clip(self.oldest());
            if batch.samples() == 0 {
                break;
            }
            let body = batch.body();
            tries += 1;
            sent.requests += 1;
            sent.bytes += body.len() as u64;
            match self.post(body).await? {
                Ok(()) => break,
                Err(trouble) => self.wait(tries, &trouble).await?,
            }
        }
        sent.samples += batch.samples();
        sent.clipped += batch.clipped();
        Ok(())
    }

    /// Sends one request, once.
    async fn post(&self, body: Vec<u8>) -> Result<Result<(), Trouble>, SendError> {
        let (request, secrets) = self.access.request(body).await?;
        Ok(match self.access.execute(request).await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(Trouble::of(answer, self.access.url(), &secrets, self.clock.now()).await),
            Err(error) => Err(Trouble::without_answer(error)),
        })
    }

    /// Waits until a request may be sent again, and says so.
    ///
    /// # Errors
    /// If that makes no sense.
    async fn wait(&self, tries: u32, trouble: &Trouble) -> Result<(), SendError> {
        let (address, words) = (self.address(), trouble.to_string());
        if !trouble.passes {
            return Err(SendError::Refused { address, trouble: words });
        }
        if tries >= MOST_TRIES {
            return Err(SendError::GaveUp { address, tries, trouble: words });
        }
        let now = self.clock.now();
        let until = trouble.retry_at.unwrap_or_else(|| after(now, back_off(tries)));
        let wait = (until - now).to_std().unwrap_or_default();
        let shown = humantime::format_duration(Duration::from_millis(
            wait.as_millis().try_into().unwrap_or(u64::MAX),
        ));
        if wait > LONGEST_PAUSE {
            return Err(SendError::Paused { address, pause: shown.to_string(), trouble: words });
        }
        tracing::warn!(address, wait = %shown, tries, why = words, "not taken, will be sent again");
        self.clock.sleep_until(until).await;
        Ok(())
    }

    /// The oldest moment that may be sent, in milliseconds since 1970.
    ///
    /// Prometheus counts its window back from the newest sample it has, which is at most now.
    fn oldest(&self) -> i64 {
        let Some(window) = self.window else { return i64::MIN };
        let milliseconds = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        let begin = self.clock.now().timestamp_millis().saturating_sub(milliseconds(window));
        begin.saturating_add(milliseconds(MARGIN))
    }

    fn address(&self) -> String {
        shown(self.access.url())
    }
}

/// How long to wait after so many tries: between half and the whole of a span that doubles, so that those who were
/// turned away together do not come back together.
fn back_off(tries: u32) -> Duration {
    let whole = doubled(FIRST_WAIT, tries.saturating_sub(1)).min(LONGEST_WAIT);
    whole.mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, sync::Arc};

    use super::*;
    use crate::clock::SystemClock;

    fn receiver(url: &str, timeout: Duration) -> Receiver {
        let access = Access::new(&url.parse().unwrap(), &ReceiverOptions::default(), timeout).unwrap();
        Receiver { access, clock: Arc::new(SystemClock), window: None }
    }

    #[test]
    fn waits_grow_up_to_a_limit_and_are_never_the_same_for_everybody() {
        for (tries, longest) in [(1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (8, 30), (u32::MAX, 30)] {
            let longest = Duration::from_secs(longest);
            for _ in 0..100 {
                let wait = back_off(tries);
                assert!(wait >= longest / 2 && wait <= longest, "{tries}: {wait:?}");
            }
        }
    }

    #[test]
    fn a_receiver_shows_its_address_and_nothing_else() {
        let receiver = receiver("https://host/write?token=SECRET", TIMEOUT);
        assert_eq!(format!("{receiver:?}"), "Receiver(https://host/write)");
    }

    #[test]
    fn a_month_can_be_sent_from_any_task() {
        fn sendable<T: Send>(_: T) {}
        let receiver = receiver("https://host/write", TIMEOUT);
        let (begins, ends) = (crate::clock::Instant::UNIX_EPOCH, crate::clock::Instant::MAX_UTC);
        let month = Month::new(crate::backfill::month::Span { begins, ends }, &[]);
        sendable(receiver.send(&month));
    }

    #[tokio::test]
    async fn a_receiver_that_never_answers_is_asked_again() {
        // The kernel takes the connection, and nobody ever reads from it.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/?token=SECRET", listener.local_addr().unwrap());
        let trouble = receiver(&url, Duration::from_millis(50)).post(Vec::new()).await.unwrap().unwrap_err();
        assert!(trouble.passes && trouble.words.contains("timed out"), "{trouble:?}");
        assert!(!trouble.words.contains("SECRET"), "{trouble:?}");
    }
}
