//! A simulated GitHub.

mod calendar;
mod clock;
mod deeds;
mod dice;
mod founding;
mod habits;
mod names;
mod stack;
mod world;

pub use deeds::{Deed, Feature};
pub use stack::Editor;
pub use world::{Entity, Person, Plan, Team, World};
