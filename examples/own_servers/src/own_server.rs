use std::fs;
use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use crate::place::Place;
use crate::product::Product;
use crate::running::Running;
use crate::{Failed, mariadb, nats, postgres, rabbitmq};

/// A server in a directory of its own; both end with it.
///
/// Where there is a `setpriv`, it also ends with the thread that has started it, however that ends.
#[derive(Debug)]
pub struct OwnServer {
    product: Product,
    place: Place,
    running: Option<Running>,
}

impl OwnServer {
    /// How long a server may take to start, on a machine that is busy.
    const PATIENCE: Duration = Duration::from_mins(2);
    /// How often one that was killed is started at most.
    const STARTS: u32 = 4;
    /// Between two looks.
    const LOOK: Duration = Duration::from_millis(50);
    /// How long it may take to greet.
    const GREETING: Duration = Duration::from_secs(5);

    /// A new one in a directory below `parent`, which answers.
    ///
    /// # Errors
    ///
    /// It is not installed, or does not start.
    pub async fn new(product: Product, parent: &Path) -> Result<Self, Failed> {
        let place = Place::new(product, parent)?;
        let mut server = Self { product, place, running: None };
        match product {
            Product::Postgres => postgres::prepare(&server.place)?,
            Product::Mariadb => mariadb::prepare(&server.place)?,
            Product::Rabbitmq | Product::Nats => {}
        }
        server.start().await?;
        Ok(server)
    }

    /// Which it is.
    #[must_use]
    pub const fn product(&self) -> Product {
        self.product
    }

    /// Where it is, for whoever administers it.
    #[must_use]
    pub fn url(&self) -> String {
        let port = self.place.port;
        match self.product {
            Product::Postgres => format!("postgres://postgres@127.0.0.1:{port}/postgres"),
            Product::Mariadb => format!("mysql://root@127.0.0.1:{port}/test"),
            Product::Rabbitmq => format!("amqp://guest:guest@127.0.0.1:{port}"),
            Product::Nats => format!("nats://127.0.0.1:{port}"),
        }
    }

    /// What it writes to.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.place.directory
    }

    /// Starts it over the files that are there, and waits until it answers.
    ///
    /// # Errors
    ///
    /// It ends, or takes two minutes.
    pub async fn start(&mut self) -> Result<(), Failed> {
        self.launch()?;
        self.ready().await
    }

    /// Starts it, and does not wait.
    ///
    /// # Errors
    ///
    /// It is not installed.
    pub fn launch(&mut self) -> Result<(), Failed> {
        let command = match self.product {
            Product::Postgres => postgres::command(&self.place),
            Product::Mariadb => mariadb::command(&self.place),
            Product::Rabbitmq => rabbitmq::command(&self.place),
            Product::Nats => nats::command(&self.place)?,
        };
        self.running = Some(Running::new(command, &self.place)?);
        Ok(())
    }

    /// Starts it after it was killed, and waits until it answers. One that was killed may find its files so that it ends
    /// while it starts, and comes up the next time: it is started a few times.
    ///
    /// # Errors
    ///
    /// It ends each time, or takes two minutes.
    pub async fn restart(&mut self) -> Result<(), Failed> {
        for _ in 1..Self::STARTS {
            self.launch()?;
            if self.comes_up().await? {
                return Ok(());
            }
            self.kill();
        }
        self.start().await
    }

    /// Waits until it answers.
    ///
    /// # Errors
    ///
    /// It has ended, or takes two minutes.
    pub async fn ready(&mut self) -> Result<(), Failed> {
        let comes_up = self.comes_up().await?;
        comes_up.then_some(()).ok_or_else(|| self.failed("has ended"))
    }

    /// Waits until it answers; or has ended.
    async fn comes_up(&mut self) -> Result<bool, Failed> {
        let until = Instant::now() + Self::PATIENCE;
        loop {
            let answers = self.answers().await;
            let Some(running) = &mut self.running else { return Ok(false) };
            // Another may answer at a port that was taken.
            if running.has_ended()? {
                return Ok(false);
            }
            if answers {
                return Ok(true);
            }
            if Instant::now() > until {
                return Err(self.failed("does not answer"));
            }
            sleep(Self::LOOK).await;
        }
    }

    /// Waits until a quorum queue of a `RabbitMQ`, which was declared, is one that it finds again after it was killed.
    ///
    /// # Errors
    ///
    /// It takes two minutes.
    pub async fn keeps(&self, queue: &str) -> Result<(), Failed> {
        let until = Instant::now() + Self::PATIENCE;
        while !rabbitmq::keeps(&self.place, queue) {
            if Instant::now() > until {
                return Err(self.failed(&format!("has {queue} on no file")));
            }
            sleep(Self::LOOK).await;
        }
        Ok(())
    }

    fn failed(&self, what: &str) -> Failed {
        let log = fs::read_to_string(self.place.log()).unwrap_or_default();
        format!("a {} of one's own {what}: {log}", self.product).into()
    }

    /// Ends all of its processes at once, by SIGKILL; none is left when it returns.
    pub fn kill(&mut self) {
        if let Some(running) = self.running.take() {
            running.kill();
        }
    }

    /// None of its processes does anything, by SIGSTOP, until [`go_on`](Self::go_on).
    pub fn stop(&self) {
        if let Some(running) = &self.running {
            running.stop();
        }
    }

    /// All of them go on where they were stopped.
    pub fn go_on(&self) {
        if let Some(running) = &self.running {
            running.go_on();
        }
    }

    /// Copies what it has logged into a directory that is there: its own goes with it.
    ///
    /// # Errors
    ///
    /// The file system refuses.
    pub fn copy_log(&self, to: &Path) -> Result<(), Failed> {
        fs::copy(self.place.log(), to.join(format!("{}.log", self.product.name())))?;
        Ok(())
    }

    /// Whether it does.
    pub async fn answers(&self) -> bool {
        let url = self.url();
        let answer = async {
            match self.product {
                Product::Postgres => postgres::answers(&url).await,
                Product::Mariadb => mariadb::answers(self.place.port).await,
                Product::Rabbitmq => rabbitmq::answers(self.place.port).await,
                Product::Nats => nats::answers(self.place.port).await,
            }
        };
        timeout(Self::GREETING, answer).await.unwrap_or(false)
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        self.kill();
        if self.product == Product::Rabbitmq {
            rabbitmq::end_names(&self.place);
        }
        let _ = fs::remove_dir_all(&self.place.directory);
    }
}
