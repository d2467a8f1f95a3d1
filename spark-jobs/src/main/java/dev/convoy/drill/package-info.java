/** Proves on a user's own cluster that trainings survive: trains again and again in processes of their own, disturbs them, compares weights. */
package dev.convoy.drill;
