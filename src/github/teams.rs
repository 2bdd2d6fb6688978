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
    let query = vec![("per_page", "100".to_owned())];
    let question = Question { endpoint: Endpoint::teams(owner), owner, team: None, query };
    client.list(&question, known).await
}
