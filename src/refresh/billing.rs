//! Watching what Copilot has cost this month.

use super::{
    round::Round,
    validated::Validated,
    watch::{Asked, Asker, Stopped, Watch},
};
use crate::{
    clock::Instant,
    github::{
        Failure,
        billing::{self, Meter},
    },
    model::{Update, state::Targets},
    source::Source,
};

/// Asks what has been used, of both meters.
#[derive(Debug)]
pub struct BillingWatcher {
    watch: Watch,
    meters: [(Meter, Reading); Meter::ALL.len()],
}

/// One meter.
#[derive(Debug, Default)]
struct Reading {
    validated: Validated,
    /// Whether there was anything on it when it was last read.
    has_data: bool,
}

impl BillingWatcher {
    /// A watcher that has asked nothing yet.
    pub fn new(watch: Watch) -> Self {
        Self { watch, meters: Meter::ALL.map(|meter| (meter, Reading::default())) }
    }
}

impl Reading {
    async fn ask(&mut self, watch: &Watch, meter: Meter) -> Result<Result<(), Failure>, Stopped> {
        let (now, owner) = (watch.now(), &watch.task.owner);
        // The validators are those of an address that names the month: with a new one everything is read.
        let known = self.validated.known(now);
        let answer = billing::costs(&watch.client, owner, meter, now.date_naive(), &known).await;
        let usage = match self.validated.take(answer, now) {
            Ok(usage) => usage,
            Err(failure) => return Ok(Err(failure)),
        };
        if let Some(usage) = &usage {
            self.has_data = !usage.items.is_empty();
        }
        watch.tell(Update::Billing { owner: owner.clone(), meter, usage, at: now }).await.map(Ok)
    }
}

impl Asker for BillingWatcher {
    fn watch(&self) -> &Watch {
        &self.watch
    }

    fn source(&self) -> Source {
        Source::Billing
    }

    async fn ask(&mut self, cycle: Instant) -> Result<Asked, Stopped> {
        let Self { watch, meters } = self;
        let mut round = Round::default();
        for (meter, reading) in &mut *meters {
            if !round.over && reading.validated.is_due(cycle, watch.now()) {
                round.took(reading.ask(watch, *meter).await?);
            }
        }
        let has_data = meters.iter().any(|(_, reading)| reading.has_data);
        let targets = Targets::of_owner(round.problem.as_ref(), has_data);
        Ok(Asked { round, targets, waiting: false })
    }
}
