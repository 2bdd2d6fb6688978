//! Asking GitHub again where that may help: a history of an hour must not end with one bad minute.

use std::time::Duration;

use crate::{
    clock::{Clock, after},
    github::{Failure, Reason, budget::doubled},
};

/// So often the same is asked before it is given up.
const TRIES: u32 = 6;

/// The first wait; it doubles with every further one, to half a minute in all.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// How long to wait for GitHub's limits where it names no time.
const LIMITED: Duration = Duration::from_secs(60);

/// Asks until there is an answer, or a failure that asking again does not mend. Limits are waited for, however long.
///
/// # Errors
/// The last [`Failure`].
pub async fn patiently<T, A: Future<Output = Result<T, Failure>>>(
    clock: &dyn Clock,
    ask: impl Fn() -> A,
) -> Result<T, Failure> {
    let mut tries = 0;
    loop {
        let failure = match ask().await {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        let next = if failure.reason == Reason::RateLimited {
            failure.retry_at.unwrap_or_else(|| after(clock.now(), LIMITED))
        } else if may_pass(failure.reason) && tries + 1 < TRIES {
            tries += 1;
            after(clock.now(), doubled(FIRST_WAIT, tries - 1)).max(failure.retry_at.unwrap_or_default())
        } else {
            return Err(failure);
        };
        let Failure { reason, detail, .. } = failure;
        let seconds = (next - clock.now()).as_seconds_f64().ceil();
        tracing::warn!(%reason, detail, seconds, "asked again later");
        clock.sleep_until(next).await;
    }
}

/// Whether the same question may fare better in a minute. A broken answer may have been broken on its way.
const fn may_pass(reason: Reason) -> bool {
    matches!(reason, Reason::ServerError | Reason::Timeout | Reason::Network | Reason::Decode)
}
