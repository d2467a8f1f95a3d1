/** Images as RDDs: dealt to workers, cached, counted, copied. The only room of the data pipeline that knows Spark. */
package dev.convoy.data.rdd;
