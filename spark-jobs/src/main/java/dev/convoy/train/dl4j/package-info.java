/** Deeplearning4j's own master behind Convoy's contract. The only room of training that knows ND4J. */
package dev.convoy.train.dl4j;
