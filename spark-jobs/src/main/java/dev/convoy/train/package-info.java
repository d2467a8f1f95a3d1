/** The training loop and its contracts: what a master promises, what listeners hear, the state between rounds. Knows no master. */
package dev.convoy.train;
