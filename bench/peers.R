# Rscript peers.R TASK DATA.csv: the shortest of several runs, in seconds; nothing where the package is missing.
given <- commandArgs(TRUE)
package <- c(coxph = "survival", survfit = "survival", crr = "cmprsk", glm = "stats", risks = "survival", matchit = "MatchIt")[[given[1]]]
if (!requireNamespace(package, quietly = TRUE)) quit(status = 0)
suppressMessages(library(package, character.only = TRUE))
d <- read.csv(given[2])
x <- c("treated", paste0("x", 1:7))
tasks <- list(
  coxph = function() coxph(reformulate(x, "Surv(time, death)"), d),
  survfit = function() survfit(Surv(time, factor(cause)) ~ 1, d, weights = weight),
  risks = function() summary(survfit(Surv(time, death) ~ treated, d), times = 28),
  crr = function() crr(d$time, d$cause, d[x]),
  glm = function() glm(y ~ ., binomial, d),
  matchit = function() matchit(treated ~ logit, d, distance = d$logit, caliper = 0.2)
)
run <- function() system.time(tasks[[given[1]]]())[["elapsed"]]
times <- run()
while (sum(times) < 1) times <- c(times, run())
cat(min(times))
