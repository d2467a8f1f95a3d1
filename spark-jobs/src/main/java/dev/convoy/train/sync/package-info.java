/** What workers exchange and what becomes of it: the rule of a round, over whatever vectors. Neither how sums travel nor who makes them. */
package dev.convoy.train.sync;
