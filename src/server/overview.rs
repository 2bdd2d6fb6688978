//! The page for people.

use maud::{DOCTYPE, html};

use crate::{clock::Instant, refresh::published::Picture};

/// The page as HTML.
pub fn page(picture: &Picture, now: Instant) -> String {
    let _ = (picture, now);
    html! { (DOCTYPE) html { body { a href="/metrics" { "metrics" } } } }.into_string()
}
