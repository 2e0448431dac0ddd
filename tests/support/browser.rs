//! A browser for tests: Debian's Chromium, driven as a person would, by what is seen and pressed.
//!
//! Knows WebDriver and words on pages; must not know the library. Two tests at a time have browsers, and one
//! that measures has them alone.

#![allow(dead_code)] // Each test program uses a part of it.

use std::fmt::Debug;
use std::fs;
use std::mem::ManuallyDrop;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::prelude::*;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How long something may take to appear: what a person would wait, times a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The pause between two looks.
const LOOK: Duration = Duration::from_millis(30);

/// The tests that have browsers at a time: mostly they wait, for a frame or for the other side.
const AT_ONCE: u32 = 2;

/// The turns that are left.
static TURNS: Semaphore = Semaphore::const_new(AT_ONCE as usize);

/// The driver that browsers are started by; it and they end with it.
pub struct Driver {
    process: Child,
    address: String,
    /// Profiles and sockets of the browsers.
    _folder: TempDir,
    _turn: SemaphorePermit<'static>,
}

impl Driver {
    /// A driver on a free port, once it is this test's turn.
    pub async fn start() -> Driver {
        Driver::with_turns(1).await
    }

    /// The same, beside no other test: figures that are taken beside one say little.
    pub async fn start_alone() -> Driver {
        Driver::with_turns(AT_ONCE).await
    }

    async fn with_turns(turns: u32) -> Driver {
        let turn = TURNS.acquire_many(turns).await.expect("turns are never closed");
        let folder = tempfile::tempdir().expect("the system has a temporary folder");
        let log = folder.path().join("driver.log");
        let out = fs::File::create(&log).expect("a file can be written");
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").env("TMPDIR", folder.path()).stdout(out).stderr(Stdio::null());
        // In a group of their own the driver and its browsers can be ended together.
        let process = command.process_group(0).spawn();
        let process = process.expect("chromedriver is there: tests/install installs it");
        let port = eventually("the driver listens", async || {
            let text = fs::read_to_string(&log).unwrap_or_default();
            let port = text.split("successfully on port ").nth(1)?;
            port.split('.').next()?.parse::<u16>().ok()
        });
        let port = port.await;
        Driver { process, address: format!("http://127.0.0.1:{port}"), _folder: folder, _turn: turn }
    }

    /// A browser with a profile of its own that prefers a language.
    pub async fn browser(&self, language: &str) -> Browser {
        let mut wanted = DesiredCapabilities::chrome();
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--window-size=1280,860",
        ] {
            wanted.add_arg(argument).expect("an argument is text");
        }
        wanted
            .add_experimental_option("prefs", json!({ "intl.accept_languages": language }))
            .expect("preferences are JSON");
        let driver = WebDriver::new(&self.address, wanted).await.expect("Chromium starts");
        Browser { driver: ManuallyDrop::new(driver) }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let group = format!("-{}", self.process.id());
        let killed = Command::new("kill").args(["-KILL", "--", &group]).status();
        if let Err(error) = killed.and_then(|_| self.process.wait()) {
            eprintln!("the driver was not ended: {error}");
        }
    }
}

/// One browser window.
pub struct Browser {
    /// Not dropped: that would ask the browser to close over a connection that stands still while a
    /// failed test unwinds. The driver's end ends it.
    driver: ManuallyDrop<WebDriver>,
}

/// Finds what can be pressed: in the uppermost dialog if there is one, by its words, the whole of them
/// rather than a part.
const PRESSABLE: &str = "
    const root = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document;
    const all = [...root.querySelectorAll('button, a, label, [role=tab], [role=option]')]
        .filter((it) => it.checkVisibility() && !it.disabled);
    const words = (it) => (it.getAttribute('aria-label') ?? '') + ' ' + it.textContent;
    return all.find((it) => it.textContent.trim() === arguments[0])
        ?? all.find((it) => words(it).includes(arguments[0])) ?? null;";

/// The text of what is seen, or of its uppermost dialog.
const SEEN: &str = "
    const root = arguments[0] === null ? document.body : document.querySelector(arguments[0]);
    return root === null ? '' : root.innerText;";

impl Browser {
    /// Goes to an address.
    pub async fn go(&self, address: &str) {
        self.driver.goto(address).await.expect("the page is there");
    }

    /// Signs in at the console with a token, by its form.
    pub async fn sign_in(&self, host: &str, token: &str) {
        self.go(&format!("{host}/")).await;
        self.fill("#token", token).await;
        self.keys(Key::Enter).await;
        self.find(".bar").await;
    }

    /// Runs a script and gives what it returns.
    pub async fn script<T: DeserializeOwned + Debug>(&self, script: &str, arguments: Vec<Value>) -> T {
        let answer = self.driver.execute(script, arguments).await.expect("the script runs");
        answer.convert().expect("it returns what is expected")
    }

    /// Waits for an element that is seen.
    pub async fn find(&self, css: &str) -> WebElement {
        eventually(&format!("{css} is seen"), async || {
            let found = self.driver.find(By::Css(css)).await.ok()?;
            found.is_displayed().await.ok()?.then_some(found)
        })
        .await
    }

    /// How many elements there are now.
    pub async fn count(&self, css: &str) -> usize {
        self.script("return document.querySelectorAll(arguments[0]).length", vec![json!(css)]).await
    }

    /// Waits until there are no such elements.
    pub async fn gone(&self, css: &str) {
        eventually(&format!("{css} is gone"), async || (self.count(css).await == 0).then_some(())).await;
    }

    /// Clicks an element.
    pub async fn click(&self, css: &str) {
        eventually(&format!("{css} can be clicked"), async || {
            self.driver.find(By::Css(css)).await.ok()?.click().await.ok()
        })
        .await;
    }

    /// Holds the mouse down on an element.
    pub async fn hold(&self, css: &str) {
        let element = self.find(css).await;
        let held = self.driver.action_chain().click_and_hold_element(&element).perform().await;
        held.expect("it can be held");
    }

    /// Lets the mouse go, wherever it is.
    pub async fn let_go(&self) {
        self.driver.action_chain().release().perform().await.expect("it can be let go");
    }

    /// Presses what says so: a button, a link, a choice, a tab.
    pub async fn press(&self, words: &str) {
        eventually(&format!("«{words}» can be pressed"), async || {
            let found = self.driver.execute(PRESSABLE, vec![json!(words)]).await.ok()?;
            found.element().ok()?.click().await.ok()
        })
        .await;
    }

    /// Puts a text in the place of what a field has.
    pub async fn fill(&self, css: &str, text: &str) {
        // The page may draw itself anew in between.
        eventually(&format!("{css} can be typed into"), async || {
            let field = self.find(css).await;
            field.clear().await.ok()?;
            field.send_keys(text).await.ok()
        })
        .await;
    }

    /// Types into whatever has the focus.
    pub async fn keys(&self, keys: impl Into<TypingData>) {
        self.driver.action_chain().send_keys(keys).perform().await.expect("keys can be pressed");
    }

    /// Waits until a text is seen somewhere.
    pub async fn sees(&self, text: &str) {
        self.sees_in(None, text).await;
    }

    /// Waits until a text is seen within an element.
    pub async fn sees_at(&self, css: &str, text: &str) {
        self.sees_in(Some(css), text).await;
    }

    async fn sees_in(&self, css: Option<&str>, text: &str) {
        let began = Instant::now();
        loop {
            let seen: String = self.script(SEEN, vec![json!(css)]).await;
            if seen.contains(text) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "«{text}» is not seen in {css:?}:\n{seen}");
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What is seen now.
    pub async fn text(&self, css: &str) -> String {
        self.script(SEEN, vec![json!(css)]).await
    }

    /// Waits until something holds, which a script tells.
    pub async fn until(&self, what: &str, script: &str) {
        eventually(what, async || self.script::<bool>(script, Vec::new()).await.then_some(())).await;
    }

    /// Opens another tab at an address, which has the keyboard then.
    pub async fn open_tab(&self, address: &str) -> WindowHandle {
        let tab = self.driver.new_tab().await.expect("a tab opens");
        self.turn_to(&tab).await;
        self.go(address).await;
        tab
    }

    /// The tab that has the keyboard.
    pub async fn tab(&self) -> WindowHandle {
        self.driver.window().await.expect("there is a tab")
    }

    /// All of them, in no order.
    pub async fn tabs(&self) -> Vec<WindowHandle> {
        self.driver.windows().await.expect("there are tabs")
    }

    /// Turns to a tab.
    pub async fn turn_to(&self, tab: &WindowHandle) {
        self.driver.switch_to_window(tab.clone()).await.expect("the tab is there");
    }

    /// Closes the tab that has the keyboard; one turns to another then.
    pub async fn close_tab(&self) {
        self.driver.close_window().await.expect("the tab closes");
    }

    /// A command of the developer's tools.
    pub async fn tools(&self, command: &str, parameters: Value) -> Value {
        self.driver.cdp().send_raw(command, parameters).await.expect("the tools answer")
    }

    /// The size of the window, in pixels of CSS.
    pub async fn size(&self, width: u32, height: u32) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        self.tools("Emulation.setDeviceMetricsOverride", size).await;
    }

    /// Dark or light.
    pub async fn scheme(&self, scheme: &str) {
        let features = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.tools("Emulation.setEmulatedMedia", features).await;
    }

    /// Keeps a picture of the page.
    pub async fn picture(&self, path: &Path) {
        let bytes = self.driver.screenshot_as_png().await.expect("a picture is taken");
        fs::write(path, bytes).expect("the picture can be written");
    }

    /// Closes it.
    pub async fn quit(self) {
        ManuallyDrop::into_inner(self.driver).quit().await.expect("it closes");
    }
}

/// Looks again and again, until there is something or nobody would wait longer.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < PATIENCE, "not in {PATIENCE:?}: {what}");
        tokio::time::sleep(LOOK).await;
    }
}
