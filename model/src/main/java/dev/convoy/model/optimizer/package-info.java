/** How parameters follow gradients: algorithms over vectors, and learning rates. Knows neither networks nor engines. */
package dev.convoy.model.optimizer;
