//! Serving what is published. The only home of `hyper` beside the simulator.
//!
//! [`connections`] accepts and ends, [`routes`] answers; [`encoding`] reads what a client takes, [`overview`] is the page
//! for people, [`traffic`] counts, [`listen`] opens the port.

pub mod connections;
pub mod encoding;
pub mod listen;
pub mod overview;
pub mod routes;
pub mod traffic;

pub use connections::serve;
