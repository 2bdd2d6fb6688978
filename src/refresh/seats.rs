//! Watching who has a seat: GitHub's own count of an organisation's seats, and the list of them.

use super::{
    round::Round,
    validated::Validated,
    watch::{Asked, Asker, Stopped, Watch},
};
use crate::{
    clock::Instant,
    github::{
        Failure, Validators,
        seats::{self, Seats},
    },
    model::{
        Update,
        seats::{SeatFold, SeatNews},
        state::Targets,
    },
    owner::Owner,
    source::Source,
};

/// Asks who has a seat.
#[derive(Debug)]
pub struct SeatWatcher {
    watch: Watch,
    breakdown: Validated,
    list: Validated,
    /// Up to this moment a list that has not changed says the same as when it was read.
    holds_until: Option<Instant>,
    /// Whether anybody had a seat when the list was last read.
    has_data: bool,
}

impl SeatWatcher {
    /// A watcher that has asked nothing yet.
    pub fn new(watch: Watch) -> Self {
        Self {
            watch,
            breakdown: Validated::default(),
            list: Validated::default(),
            holds_until: None,
            has_data: false,
        }
    }

    async fn ask_breakdown(&mut self) -> Result<Result<(), Failure>, Stopped> {
        let now = self.watch.now();
        let Watch { client, task, .. } = &self.watch;
        let answer = seats::breakdown(client, &task.owner, &self.breakdown.known(now)).await;
        let news = match self.breakdown.take(answer, now) {
            Ok(news) => news,
            Err(failure) => return Ok(Err(failure)),
        };
        self.tell(SeatNews::Breakdown(news), now).await.map(Ok)
    }

    async fn ask_list(&mut self) -> Result<Result<(), Failure>, Stopped> {
        let now = self.watch.now();
        let Watch { client, task, .. } = &self.watch;
        let answer = seats::seats(client, &task.owner, &self.known(now), SeatFold::add).await;
        let counted = |Seats { total, sum }: Seats<SeatFold>| sum.finish(total, now);
        let news = match self.list.take(answer.map(|answer| answer.map(counted)), now) {
            Ok(news) => news,
            Err(failure) => return Ok(Err(failure)),
        };
        if let Some(list) = &news {
            self.holds_until = list.holds_until;
            self.has_data = list.people.all() > 0;
        }
        self.tell(SeatNews::List(news), now).await.map(Ok)
    }

    /// What the list can be asked with: nothing once somebody's seat has come of age, for it is not kept whose.
    fn known(&self, now: Instant) -> Validators {
        let holds = self.holds_until.is_none_or(|until| now <= until);
        if holds { self.list.known(now) } else { Validators::default() }
    }

    async fn tell(&self, news: SeatNews, at: Instant) -> Result<(), Stopped> {
        self.watch.tell(Update::Seats { owner: self.watch.task.owner.clone(), news, at }).await
    }
}

impl Asker for SeatWatcher {
    fn watch(&self) -> &Watch {
        &self.watch
    }

    fn source(&self) -> Source {
        Source::Seats
    }

    async fn ask(&mut self, cycle: Instant) -> Result<Asked, Stopped> {
        let mut round = Round::default();
        // GitHub counts the seats of organisations only.
        let is_counted = matches!(self.watch.task.owner, Owner::Org(_));
        if is_counted && self.breakdown.is_due(cycle, self.watch.now()) {
            round.took(self.ask_breakdown().await?);
        }
        if !round.over && self.list.is_due(cycle, self.watch.now()) {
            round.took(self.ask_list().await?);
        }
        let targets = Targets::of_owner(round.problem.as_ref(), self.has_data);
        Ok(Asked { round, targets, waiting: false })
    }
}
