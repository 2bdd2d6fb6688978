//! The list of an owner's teams.

use serde::Deserialize;

use super::{
    client::{Answer, Client, Question, Validators},
    endpoint::Endpoint,
    failure::Failure,
};
use crate::owner::Owner;

/// One team. GitHub sends much more, none of it needed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct TeamRecord {
    /// The number that stays when a team is renamed.
    pub id: u64,
    /// The name in addresses.
    pub slug: String,
}

/// All teams of an owner that the credential may see, nested ones included, every page of them.
///
/// # Errors
/// Any [`Failure`]; a list is complete or it is none.
pub async fn teams(
    client: &Client,
    owner: &Owner,
    known: &Validators,
) -> Result<Answer<Vec<TeamRecord>>, Failure> {
    client.list(&question(owner), known).await
}

/// The first teams of an owner, a hundred at most: whether the list may be read.
///
/// # Errors
/// Any [`Failure`].
pub async fn first_teams(client: &Client, owner: &Owner) -> Result<Vec<TeamRecord>, Failure> {
    let question = question(owner);
    match client.get(&question, &Validators::default()).await? {
        Answer::Fresh(teams, _) => Ok(teams),
        Answer::Unchanged | Answer::NotReady => Err(question.broken("the answer has no body")),
    }
}

fn question(owner: &Owner) -> Question<'_> {
    let query = vec![("per_page", "100".to_owned())];
    Question { endpoint: Endpoint::teams(owner), owner, team: None, query }
}
