//! Who has a seat: GitHub's own count for an organisation, and the list of seats.
//!
//! A seat names a person. Of the person only the number is read, to tell seats of the same person; nothing here can be
//! printed, and no function returns the seats: each page is added up and gone.

use serde::{Deserialize, Serialize};

use super::{
    client::{Answer, Client, Question, Validators},
    endpoint::Endpoint,
    failure::Failure,
};
use crate::{clock::Instant, owner::Owner};

/// What else GitHub documents of an organisation's Copilot.
pub(super) const UNREAD_SETTINGS: &[&str] =
    &["cli", "ide_chat", "plan_type", "platform_chat", "public_code_suggestions", "seat_management_setting"];

/// What else GitHub documents of a seat. What it tells about people, teams and organisations is not looked at.
pub(super) const UNREAD: &[&str] = &[
    "assignee",
    "assigning_team",
    "last_activity_editor",
    "last_authenticated_at",
    "organization",
    "pending_cancellation_date",
    "updated_at",
];

/// `seat_breakdown`: an organisation's seats as GitHub counts them. Each may be missing, which means unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatBreakdown {
    /// All seats.
    pub total: Option<i64>,
    /// Given in this billing cycle.
    pub added_this_cycle: Option<i64>,
    /// To be taken away at the end of the cycle.
    pub pending_cancellation: Option<i64>,
    /// Of people who have not accepted yet.
    pub pending_invitation: Option<i64>,
    /// Used in this cycle.
    pub active_this_cycle: Option<i64>,
    /// Not used in this cycle.
    pub inactive_this_cycle: Option<i64>,
}

/// What is said of an organisation's Copilot.
#[derive(Deserialize)]
struct OrgCopilot {
    seat_breakdown: SeatBreakdown,
}

/// One seat.
#[derive(Deserialize)]
pub struct Seat {
    /// Whose; nobody's if GitHub does not say.
    pub assignee: Option<Assignee>,
    /// Through which team it came; through none if it was given directly.
    pub assigning_team: Option<AssigningTeam>,
    /// Since when.
    pub created_at: Instant,
    /// When it was last used, up to a day late; nothing if never, or over 90 days ago.
    pub last_activity_at: Option<Instant>,
    /// `business`, `enterprise` or `unknown`.
    pub plan_type: Option<String>,
}

/// The person who has a seat.
#[derive(Deserialize)]
pub struct Assignee {
    /// The same for all seats of a person.
    pub id: u64,
}

/// The team, of an organisation or of the enterprise, through which a seat came.
#[derive(Deserialize)]
pub struct AssigningTeam {
    /// The name in addresses.
    pub slug: Option<String>,
}

/// The seats of an owner, added up.
#[derive(Debug)]
pub struct Seats<S> {
    /// `total_seats`: people with a seat, as GitHub counts them.
    pub total: Option<u64>,
    /// The sum of the list.
    pub sum: S,
}

#[derive(Deserialize)]
struct Page {
    total_seats: Option<u64>,
    seats: Vec<Seat>,
}

/// A list as far as it was read.
#[derive(Default)]
struct Progress<S> {
    people: u64,
    total: Option<u64>,
    sum: S,
}

/// GitHub's own count of an organisation's seats.
///
/// # Errors
/// Any [`Failure`]; 422 where there is a problem with the payment.
pub async fn breakdown(
    client: &Client,
    owner: &Owner,
    known: &Validators,
) -> Result<Answer<SeatBreakdown>, Failure> {
    let question = Question { endpoint: Endpoint::OrgBilling, owner, team: None, query: Vec::new() };
    let answer = question.answered(client.get(&question, known).await?)?;
    Ok(answer.map(|OrgCopilot { seat_breakdown }| seat_breakdown))
}

/// Adds up the seats of an owner, every page of them; `add` says whether a seat is that of somebody who was not met
/// before. In the list of an enterprise a person stands once for each organisation or team that gave a seat, and
/// `total_seats` counts everybody once.
///
/// # Errors
/// Any [`Failure`]; a list is complete or it is none. One that ends before all the people that it announces is
/// [`Reason::Decode`](super::Reason::Decode): something on the way has taken the link to the next page away, or seats
/// were given or taken back meanwhile and one has slipped through between two pages.
pub async fn seats<S: Default>(
    client: &Client,
    owner: &Owner,
    known: &Validators,
    add: impl Fn(&mut S, Seat) -> bool,
) -> Result<Answer<Seats<S>>, Failure> {
    let question = question(owner);
    let take = |progress: &mut Progress<S>, page: Page| {
        progress.total = progress.total.max(page.total_seats);
        for seat in page.seats {
            progress.people += u64::from(add(&mut progress.sum, seat));
        }
    };
    let answer = question.answered(client.fold(&question, known, take).await?)?;
    if let Answer::Fresh(Progress { people, total: Some(total), .. }, _) = &answer
        && people < total
    {
        return Err(question.broken(&format!("the list ends after {people} of {total} people")));
    }
    Ok(answer.map(|Progress { total, sum, .. }| Seats { total, sum }))
}

/// `total_seats` of the first page of an owner's seats: whether the list may be read.
///
/// # Errors
/// Any [`Failure`].
pub async fn total(client: &Client, owner: &Owner) -> Result<Option<u64>, Failure> {
    let question = question(owner);
    match client.get::<Page>(&question, &Validators::default()).await? {
        Answer::Fresh(page, _) => Ok(page.total_seats),
        Answer::Unchanged | Answer::NotReady => Err(question.broken("the answer has no body")),
    }
}

fn question(owner: &Owner) -> Question<'_> {
    let query = vec![("per_page", "100".to_owned())];
    Question { endpoint: Endpoint::seats(owner), owner, team: None, query }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seat(fields: &str) -> Result<Seat, serde_json::Error> {
        serde_json::from_str(&format!("{{{fields}}}"))
    }

    #[test]
    fn instants_have_any_offset_and_a_bad_one_is_refused() {
        for (written, utc) in [
            ("2026-11-20T16:40:11Z", "2026-11-20T16:40:11Z"),
            ("2026-11-20T16:40:11+02:00", "2026-11-20T14:40:11Z"),
            ("2026-11-20T16:40:11.123-08:00", "2026-11-21T00:40:11.123Z"),
        ] {
            let fields = format!(r#""created_at":"{written}","last_activity_at":"{written}""#);
            let Ok(seat) = seat(&fields) else { panic!("{written}") };
            assert_eq!([Some(seat.created_at), seat.last_activity_at], [utc.parse().ok(); 2], "{written}");
        }
        for bad in ["yesterday", "2026-11-20", "", "2026-13-20T16:40:11Z"] {
            assert!(seat(&format!(r#""created_at":"{bad}""#)).is_err(), "{bad}");
            assert!(
                seat(&format!(r#""created_at":"2026-11-20T16:40:11Z","last_activity_at":"{bad}""#)).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_seat_needs_no_more_than_the_moment_it_was_given() {
        let Ok(seat) = seat(r#""created_at":"2026-11-20T16:40:11Z","assignee":null"#) else { panic!() };
        assert!(seat.assignee.is_none() && seat.assigning_team.is_none() && seat.plan_type.is_none());
        assert!(self::seat("").is_err());
    }
}
