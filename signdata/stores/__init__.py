"""Object stores: datasets that lie at an address, such as ``s3://bucket/asl``.

What is read is fetched whole into a local folder first, and checked; what is written is a
finished local output that is sent whole, its record last. So no reader and no writer knows stores.
"""
