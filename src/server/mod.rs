//! Serving what is published. The only home of `hyper` beside the simulator.
//!
//! [`connections`] accepts and ends, by the [`places`] there are; [`routes`] answers, [`encoding`] reads what a client
//! takes, [`overview`] is the page for people, [`traffic`] counts, [`listen`] opens the port.
//!
//! Who may ask is settled before: [`web_config`] understands the file, [`web`] follows its changes, [`tls`] encrypts,
//! and the [`guard`] lets requests through, by [`auth`] and [`rate_limit`].

pub mod auth;
pub mod connections;
pub mod encoding;
pub mod guard;
pub mod listen;
pub mod overview;
pub mod places;
pub mod rate_limit;
pub mod routes;
pub mod tls;
pub mod traffic;
pub mod web;
pub mod web_config;

pub use connections::serve;
