//! Where tests of the console begin: a host, somebody signed in, and the places that several of them start from.

#![allow(dead_code)] // Each test program uses a part of it.

use super::browser::{Browser, Driver};
use super::host::{Host, SUPPORT, id};

/// A host, and somebody at its console.
pub async fn desk(name: &str) -> (Driver, Host, Browser) {
    let driver = Driver::start().await;
    let host = Host::sample().await;
    let person = driver.browser("ru").await;
    person.sign_in(&host.address, &host.tokens[name]).await;
    (driver, host, person)
}

/// Goes to the settings of «Служба поддержки».
pub async fn settings(admin: &Browser, host: &Host) {
    admin.go(&format!("{}/#/settings/{}", host.address, id(SUPPORT))).await;
}

/// Opens the dialog and chooses a line and Иван Петров.
pub async fn begin(operator: &Browser, line: &str) {
    operator.press("+ Новая сессия").await;
    operator.press(line).await;
    operator.press("Иван Петров").await;
    operator.sees_at("dialog", "Учётная запись").await;
}
