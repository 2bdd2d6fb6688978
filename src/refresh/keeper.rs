//! The one owner of the state: takes in news, renders, publishes, saves.

use std::{sync::Arc, time::Duration};

use tokio::sync::mpsc;

use super::{
    published::{Picture, Published},
    saver::Saver,
};
use crate::{
    clock::{Instant, SharedClock, after},
    github::{Client, ledger::Ledger},
    metrics::{self, Plan, Service, TeamDetail},
    model::{State, Update, ViewOptions, overview::Overview, view},
};

/// How the state becomes a picture.
#[derive(Clone, Copy, Debug)]
pub struct Rendering {
    /// Days, names.
    pub view: ViewOptions,
    /// How much of each team.
    pub team_detail: TeamDetail,
    /// How many series in all.
    pub max_series: usize,
}

/// Keeps the state and publishes it.
#[derive(Debug)]
pub struct Keeper {
    state: Arc<State>,
    news: mpsc::Receiver<Update>,
    client: Arc<Client>,
    clock: SharedClock,
    published: Arc<Published>,
    rendering: Rendering,
    saver: Option<Saver>,
    /// Whether it began with what an earlier process knew.
    restored: bool,
    pace: Pace,
}

impl Keeper {
    /// A keeper of what is known already. It is not published yet.
    pub fn new(
        state: State,
        news: mpsc::Receiver<Update>,
        client: Arc<Client>,
        clock: SharedClock,
        published: Arc<Published>,
        rendering: Rendering,
        saver: Option<Saver>,
    ) -> Self {
        let restored = state.has_figures();
        let (state, pace) = (Arc::new(state), Pace::default());
        Self { state, news, client, clock, published, rendering, saver, restored, pace }
    }

    /// Works until no watcher is left. What is not saved then is.
    pub async fn run(mut self) {
        loop {
            let due = self.pace.due(self.clock.now());
            let save_due = self.saver.as_ref().and_then(Saver::due);
            tokio::select! {
                // News without end must not put off what is due.
                biased;
                () = self.clock.sleep_until(due.unwrap_or(Instant::MAX_UTC)), if due.is_some() => {
                    self.publish().await;
                }
                () = self.clock.sleep_until(save_due.unwrap_or(Instant::MAX_UTC)), if save_due.is_some() => {
                    self.save().await;
                }
                update = self.news.recv() => match update {
                    Some(update) => self.take(update),
                    None => break,
                },
            }
        }
        if self.pace.dirty || self.saver.as_ref().and_then(Saver::due).is_some() {
            self.save().await;
        }
    }

    fn take(&mut self, update: Update) {
        self.tell_mended(&update);
        // Nobody else holds the state now: a rendering has always ended before the next piece of news is taken, and so has
        // a saving, unless the disk hangs; then it is copied.
        let state = Arc::make_mut(&mut self.state);
        state.apply(update);
        self.pace.changed(state.all_tried());
    }

    /// Says in the log that a source works again, where the last word was that it does not.
    fn tell_mended(&self, update: &Update) {
        let Update::Attempt { owner, source, attempt } = update else { return };
        let before = self.state.owners.get(owner).and_then(|owner| owner.sources.get(source)?.last.as_ref());
        if attempt.problem.is_none() && before.is_some_and(|before| before.problem.is_some()) {
            tracing::info!(%owner, %source, "works again");
        }
    }

    /// Says in the log when other detail is left out than before.
    fn tell_dropped(&self, plan: &Plan) {
        if plan.details_dropped() == self.published.picture().plan.details_dropped() {
            return;
        }
        let left_out: Vec<_> = plan.details_dropped().iter().map(|detail| detail.word()).collect();
        let series = plan.series();
        tracing::warn!(?left_out, series, "EXPORTER_MAX_SERIES: what is left out has changed");
    }

    /// Takes in what is here, renders and saves.
    async fn publish(&mut self) {
        // What is here already belongs into the picture.
        for _ in 0..self.news.len() {
            let Ok(update) = self.news.try_recv() else { break };
            self.take(update);
        }
        let now = self.clock.now();
        for dropped in Arc::make_mut(&mut self.state).expire(now) {
            tracing::warn!(scope = dropped, "dropped: GitHub has not given its data for 28 days");
        }
        self.show().await;
        self.save().await;
        self.pace.rendered(self.clock.now());
    }

    async fn save(&mut self) {
        if let Some(saver) = &mut self.saver {
            saver.save(Arc::clone(&self.state), self.clock.now()).await;
        }
    }

    /// Renders off the server's threads, and publishes. Before that nothing is to be served.
    pub async fn show(&mut self) {
        let (state, ledger, rendering) = (Arc::clone(&self.state), self.client.ledger(), self.rendering);
        let (now, restored) = (self.clock.now(), self.restored);
        match tokio::task::spawn_blocking(move || render(&state, ledger, now, &rendering)).await {
            Ok(mut picture) => {
                picture.ready |= restored;
                self.tell_dropped(&picture.plan);
                self.published.publish(picture);
            }
            // The last picture stays. That is a mistake of ours, and no later change need be free of it.
            Err(error) => {
                self.published.break_down();
                tracing::error!(%error, "rendering failed");
            }
        }
    }
}

/// Renders the state as it is at `now`.
fn render(state: &State, ledger: Ledger, now: Instant, rendering: &Rendering) -> Picture {
    let snapshot = view(state, now, &rendering.view);
    let plan = Plan::of(&snapshot, rendering.team_detail, rendering.max_series);
    let exposition = metrics::render(&Service { snapshot: &snapshot, ledger: &ledger, plan: &plan });
    Picture { exposition, overview: Overview::of(&snapshot), ledger, plan, ready: state.any_tried() }
}

/// When to render: at once when the first news comes, at once when the first round is complete, and otherwise at
/// most every ten seconds.
#[derive(Debug, Default)]
struct Pace {
    dirty: bool,
    last: Option<Instant>,
    first_round: FirstRound,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum FirstRound {
    #[default]
    Running,
    Complete,
    Shown,
}

impl Pace {
    const LEAST: Duration = Duration::from_secs(10);

    fn changed(&mut self, all_tried: bool) {
        self.dirty = true;
        if all_tried && self.first_round == FirstRound::Running {
            self.first_round = FirstRound::Complete;
        }
    }

    /// When the next rendering is due, if there is anything to show.
    fn due(&self, now: Instant) -> Option<Instant> {
        let at_once = self.first_round == FirstRound::Complete;
        // A clock that was set back must not put it off.
        let last = self.last.filter(|last| !at_once && *last <= now);
        self.dirty.then_some(last.map_or(now, |last| after(last, Self::LEAST)))
    }

    fn rendered(&mut self, now: Instant) {
        self.dirty = false;
        self.last = Some(now);
        if self.first_round == FirstRound::Complete {
            self.first_round = FirstRound::Shown;
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn it_renders_at_once_at_first_then_when_the_first_round_is_complete_then_every_ten_seconds() {
        let start: Instant = "2026-11-22T12:00:00Z".parse().unwrap();
        let at = |seconds| start + TimeDelta::seconds(seconds);
        let mut pace = Pace::default();
        assert_eq!(pace.due(at(0)), None, "nothing to show");
        pace.changed(false);
        assert_eq!(pace.due(at(0)), Some(at(0)), "the first news");
        pace.rendered(at(0));
        assert_eq!(pace.due(at(1)), None);
        pace.changed(false);
        assert_eq!(pace.due(at(1)), Some(at(10)));
        pace.changed(true);
        assert_eq!(pace.due(at(2)), Some(at(2)), "the first round is complete");
        pace.rendered(at(2));
        pace.changed(true);
        assert_eq!(pace.due(at(3)), Some(at(12)));
        assert_eq!(pace.due(at(-3600)), Some(at(-3600)), "the clock was set back");
    }
}
