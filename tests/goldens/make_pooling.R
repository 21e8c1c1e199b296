# Rubin's rules by mice::pool.scalar, small-sample degrees of freedom included; writes reference_pooling.json.
suppressMessages({ library(mice); library(jsonlite) })
set.seed(20210906)
cases <- list(
  few = list(q = c(1, 2, 3), u = c(3, 4, 5), n = 12),
  risk = list(q = rnorm(20, 0.02, 0.01), u = rep(0.036^2, 20) * runif(20, 0.9, 1.1), n = 342),
  noisy = list(q = rnorm(5, -0.5, 1), u = runif(5, 0.05, 0.2), n = 60)
)
one <- function(case) {
  small <- pool.scalar(case$q, case$u, n = case$n, k = 2)
  large <- pool.scalar(case$q, case$u, n = Inf)
  pick <- function(p) list(qbar = p$qbar, ubar = p$ubar, b = p$b, t = p$t, df = p$df, fmi = p$fmi)
  list(q = case$q, u = case$u, df_complete = case$n - 2, small = pick(small), large = pick(large))
}
made <- list(versions = paste("R", getRversion(), "mice", packageVersion("mice")), cases = lapply(cases, one))
write_json(made, "reference_pooling.json", digits = NA, auto_unbox = TRUE, pretty = TRUE)
